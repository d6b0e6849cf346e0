// A connection that the kernel has accepted and the application has not stands in no image: CRIU has no way to put it
// back, though the peer's state holds as acknowledged what it has sent on it. So a pod is not saved before its
// applications have accepted.
#pragma once

#include "base/deadline.hpp"
#include "sidecar/launchers/launchers.hpp"
#include "sidecar/sockets/dump.hpp"

namespace cutline::sidecar {

// Busy names the listeners of these containers on which connections wait. Others' (the sidecar's, an excluded
// container's) do not count.
[[nodiscard]] Status all_accepted(const sockets::Sockets& live, const std::vector<Container>& containers);

// Looks until all are, or the deadline has passed: then Busy.
[[nodiscard]] Status wait_accepted(const std::vector<Container>& containers, Deadline deadline);

}  // namespace cutline::sidecar
