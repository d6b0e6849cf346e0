// CRIU finds out once what the kernel can do, and keeps the answer in its cache. To find out it makes folders in /tmp,
// which an application's container may not have, or not let it write: so this runs where the sidecar stands, before the
// first dump.
#pragma once

#include "base/deadline.hpp"
#include "sidecar/criu/bundle.hpp"

namespace cutline::criu {

// Unsupported: this kernel cannot do what CRIU needs; the message is CRIU's.
[[nodiscard]] Status warm(const Bundle& bundle, Deadline deadline);

}  // namespace cutline::criu
