// What a process was given when its container started: its identity and environment, for another that is to stand
// beside it.
#pragma once

#include <sys/types.h>

#include "base/child.hpp"

namespace cutline::hooks {

// From /proc/PID/status. Pure.
[[nodiscard]] Result<Identity> identity_from(std::string_view status);

struct Standing {
  Identity identity;
  std::vector<std::string> environment;
};
// Of a container's launcher, which has both as the container's runtime set them.
[[nodiscard]] Result<Standing> standing_of(pid_t pid);

// Where a program of this name is, by the environment's PATH as a shell goes by it; seen from the calling thread.
// Empty: nowhere.
[[nodiscard]] std::string find_program(const std::string& name, const std::vector<std::string>& environment);

}  // namespace cutline::hooks
