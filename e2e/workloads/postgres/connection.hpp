// PostgreSQL by libpq. Each write is one transaction: a row with its value, money moved between two accounts of its
// series, and a total that all series contend for. amcheck looks at every index and at the table.
#pragma once

#include "e2e/workloads/writer/server.hpp"

namespace cutline::postgres {

[[nodiscard]] Result<std::unique_ptr<writer::Connection>> connect(const writer::Endpoint& server, Deadline deadline);

}  // namespace cutline::postgres
