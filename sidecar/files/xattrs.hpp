// Extended attributes that belong to a file's contents or rights: user.*, POSIX access lists, file capabilities.
#pragma once

#include "base/result.hpp"

namespace cutline::files {

using Xattrs = std::map<std::string, std::string>;

// Empty on file systems without them.
[[nodiscard]] Xattrs read_xattrs(int fd);
// Makes the file's attributes of those kinds exactly these.
[[nodiscard]] Status write_xattrs(int fd, const Xattrs& wanted);

}  // namespace cutline::files
