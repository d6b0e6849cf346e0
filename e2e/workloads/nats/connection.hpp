// NATS by its text protocol: publishing into a JetStream stream, each message acknowledged with its place in the
// stream.
#pragma once

#include "e2e/workloads/writer/server.hpp"

namespace cutline::nats {

[[nodiscard]] Result<std::unique_ptr<writer::Connection>> connect(const writer::Endpoint& server, Deadline deadline);

}  // namespace cutline::nats
