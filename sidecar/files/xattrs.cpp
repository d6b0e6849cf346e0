#include "sidecar/files/xattrs.hpp"

#include <sys/xattr.h>

#include <array>
#include <cerrno>

namespace cutline::files {
namespace {

bool ours(std::string_view name) {
  return name.starts_with("user.") || name.starts_with("system.posix_acl_") || name == "security.capability";
}

}  // namespace

Xattrs read_xattrs(int fd) {
  Xattrs out;
  std::array<char, 4096> names{};
  const ssize_t length = ::flistxattr(fd, names.data(), names.size());
  if (length <= 0) return out;
  std::string_view rest{names.data(), static_cast<std::size_t>(length)};
  while (!rest.empty()) {
    const std::string name{rest.substr(0, rest.find('\0'))};
    rest.remove_prefix(name.size() + 1);
    if (!ours(name)) continue;
    std::string value(65536, '\0');  // the kernel's limit
    const ssize_t size = ::fgetxattr(fd, name.c_str(), value.data(), value.size());
    if (size < 0) continue;
    value.resize(static_cast<std::size_t>(size));
    out.emplace(name, std::move(value));
  }
  return out;
}

Status write_xattrs(int fd, const Xattrs& wanted) {
  const auto present = read_xattrs(fd);
  if (present == wanted) return {};
  for (const auto& [name, value] : present) {
    if (!wanted.contains(name) && ::fremovexattr(fd, name.c_str()) != 0)
      return fail_errno(errno, "remove attribute " + name);
  }
  for (const auto& [name, value] : wanted) {
    if (::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) != 0)
      return fail_errno(errno, "set attribute " + name);
  }
  return {};
}

}  // namespace cutline::files
