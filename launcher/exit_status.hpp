// How a process that is not our child ended, from its pidfd.
#pragma once

#include <optional>

namespace cutline::launcher {

// The wait status. Nothing if it has not been reaped yet, or if the kernel (before 6.15) does not tell.
[[nodiscard]] std::optional<int> exit_status(int pidfd);

}  // namespace cutline::launcher
