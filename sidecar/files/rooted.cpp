#include "sidecar/files/rooted.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace cutline::files {
std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

Result<Root> Root::of(int pid) {
  auto fd = open_file(fmt::format("/proc/{}/root", pid), O_PATH | O_DIRECTORY);
  if (!fd) return forward(fd, "the container's root");
  return Root{*std::move(fd)};
}

Result<Fd> Root::open(const std::string& path, int flags, unsigned mode) const {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = (static_cast<unsigned>(flags) & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const long fd = ::syscall(SYS_openat2, fd_.get(), path.c_str(), &how, sizeof how);
  if (fd < 0) return fail_errno(errno, "open " + path);
  return Fd{static_cast<int>(fd)};
}

Result<Fd> Root::parent(const std::string& path) const { return open(folder_of(path), O_PATH | O_DIRECTORY); }

Result<Fd> Root::make_parent(const std::string& path) const {
  auto folder = parent(path);
  if (folder || folder.error().code != Code::NotFound) return folder;
  const auto missing = folder_of(path);
  auto above = make_parent(missing);
  if (!above) return above;
  if (::mkdirat(above->get(), base_name(missing).c_str(), 0755) != 0 && errno != EEXIST)
    return fail_errno(errno, "mkdir " + missing);
  return parent(path);
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

Result<struct stat> status_of(int fd) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return fail_errno(errno, "fstat");
  return status;
}

}  // namespace cutline::files
