// The command lines and the environment that CRIU is started with; what dump and restore have in common.
#pragma once

#include "base/child.hpp"
#include "sidecar/criu/bundle.hpp"

namespace cutline::criu {

// A child that runs `action` (dump or restore) of the bundle on the folder `images`; logs to `log` in the folder
// `work`.
[[nodiscard]] Child criu_child(const Bundle& bundle, const char* action, int images, int work, const char* log);

}  // namespace cutline::criu
