// The process numbers that a restore needs: kept away from everybody else, and free when it starts.
// A pod's containers and sidecar share one PID namespace, so any process started in between may take a number of the
// images.
#pragma once

#include <sys/types.h>

#include <vector>

#include "base/result.hpp"

namespace cutline::criu {

// New processes get numbers above `highest` from now on (until the kernel's counter wraps). Never lowers the counter.
// Needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE and a writable /proc/sys.
[[nodiscard]] Status keep_above(pid_t highest);

// Conflict, naming the occupant, when one of the numbers is in use as process or thread.
[[nodiscard]] Status all_free(const std::vector<pid_t>& numbers);

}  // namespace cutline::criu
