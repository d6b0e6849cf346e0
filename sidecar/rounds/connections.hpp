// Lists of connections that a checkpoint or a rollback needs beside the counters.
//
// Loopback: the pod's connections with itself. Both ends lie in its images, but while containers are restored one after
// the other, no end may answer for one that is not there yet: so their tuples are kept with the checkpoint, and held
// during a restore. External: connections to outside of the workload. The other end does not go back in time: they are
// closed after a restore.
#pragma once

#include "sidecar/sockets/socket_info.hpp"
#include "sidecar/store/store.hpp"

namespace cutline::sidecar {

[[nodiscard]] Status save_loopback(const store::Draft& draft, const sockets::Sockets& live);
[[nodiscard]] Result<protocol::CounterTable> load_loopback(const store::Store& store, Epoch checkpoint);

// Durable when it returns; of the rollback that is being prepared.
[[nodiscard]] Status save_external(const store::Store& store, const std::vector<protocol::Connection>& external);
[[nodiscard]] Result<protocol::CounterTable> load_external(const store::Store& store);

}  // namespace cutline::sidecar
