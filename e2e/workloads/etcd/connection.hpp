// etcd by its JSON gateway over one kept connection. A write is a transaction that makes the key only if it is not
// there: so it can be sent again, when a change of the leader has left its fate open, and is made once all the same.
#pragma once

#include "e2e/workloads/writer/server.hpp"

namespace cutline::etcd {

[[nodiscard]] Result<std::unique_ptr<writer::Connection>> connect(const writer::Endpoint& server, Deadline deadline);

}  // namespace cutline::etcd
