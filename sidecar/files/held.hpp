// Which regular files processes hold for writing: by descriptor, or by a writable shared mapping.
#pragma once

#include <sys/types.h>

#include "base/result.hpp"

namespace cutline::files {

struct Held {
  std::string path;  // as the kernel names it in the container
  dev_t device = 0;
  ino_t inode = 0;
  bool mapped = false;  // writable and shared
};

// Each file once. The processes must stand still; one that has gone counts as holding nothing.
[[nodiscard]] Result<std::vector<Held>> held_files(const std::vector<int>& pids);

// Of a file system that only shows what the kernel knows (proc, sysfs, cgroups, ...): nothing to save.
[[nodiscard]] bool kernel_file_system(long type);

}  // namespace cutline::files
