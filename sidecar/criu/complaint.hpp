// CRIU's log turned into one error that a person can act on.
#pragma once

#include <string_view>

#include "base/child.hpp"
#include "base/result.hpp"

namespace cutline::criu {

// Of a run that has failed. Known messages become a sentence with its remedy; otherwise the first "Error (" line. Pure.
[[nodiscard]] Error complaint(std::string_view log, const Ended& outcome);

}  // namespace cutline::criu
