// MariaDB by its C client. Each write is one InnoDB transaction, as with PostgreSQL; CHECK TABLE looks at all pages.
#pragma once

#include "e2e/workloads/writer/server.hpp"

namespace cutline::mariadb {

[[nodiscard]] Result<std::unique_ptr<writer::Connection>> connect(const writer::Endpoint& server, Deadline deadline);

}  // namespace cutline::mariadb
