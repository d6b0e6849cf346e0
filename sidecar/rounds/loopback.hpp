// The pod's connections with itself: both ends lie in its images, but while containers are restored one after the other, no end may
// answer for one that is not there yet. So their tuples are kept with the checkpoint, and held on loopback during a restore.
#pragma once

#include "sidecar/sockets/socket_info.hpp"
#include "sidecar/store/store.hpp"

namespace cutline::sidecar {

[[nodiscard]] Status save_loopback(const store::Draft& draft, const sockets::Sockets& live);
[[nodiscard]] Result<protocol::CounterTable> load_loopback(const store::Store& store, Epoch checkpoint);

}  // namespace cutline::sidecar
