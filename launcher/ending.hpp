// To end as another process ended, so that whoever waits sees no difference.
#pragma once

#include <csignal>

namespace cutline::launcher {

// `status` as wait(2) gives it. By a signal it is ended by the same signal, without a second core; process 1 of a pid
// namespace cannot be ended so, and exits with 128 + signal.
[[noreturn]] void end_as(int status);

// Every signal that is meant for the application: all that can be caught but SIGCHLD and those that a fault raises.
[[nodiscard]] sigset_t forwardable();

}  // namespace cutline::launcher
