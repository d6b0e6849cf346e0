// A container's file system, built and entered by the process that becomes the container.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace cutline::test {

struct Bind {
  std::string from;
  std::string to;
};

// Own mount namespace; at `folder` a tmpfs with /proc, /dev, /tmp, /run and the binds becomes the root.
[[nodiscard]] Status enter_rootfs(const std::string& folder, const std::vector<Bind>& binds);

}  // namespace cutline::test
