// `ledger kill`: kill -9 of the other ledgers that this process sees and may kill; for images that have no shell.
#pragma once

#include "base/result.hpp"

namespace cutline::ledger {

// How many were killed. NotFound: none.
[[nodiscard]] Result<int> kill_others();

}  // namespace cutline::ledger
