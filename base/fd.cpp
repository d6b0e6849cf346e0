#include "base/fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace cutline {
namespace {

Code code_of(int error) {
  switch (error) {
    case ENOENT:
    case ESRCH:
      return Code::NotFound;
    case EEXIST:
      return Code::Conflict;
    case EBUSY:
      return Code::Busy;
    case ETIMEDOUT:
      return Code::Timeout;
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
    case EHOSTUNREACH:
    case ENETUNREACH:
      return Code::Unavailable;
    case ENOSPC:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EDQUOT:
    case ENOBUFS:
      return Code::Exhausted;
    case ENOSYS:
    case EOPNOTSUPP:
    case EPERM:
    case EACCES:
      return Code::Unsupported;
    default:
      return Code::Internal;
  }
}

}  // namespace

tl::unexpected<Error> fail_errno(int error, std::string_view what) {
  return fail(code_of(error), "{}: {}", what, std::strerror(error));
}

void Fd::reset(int fd) {
  if (fd_ >= 0) (void)::close(fd_);
  fd_ = fd;
}

Result<Fd> open_at(int dir, const std::string& path, int flags, unsigned mode) {
  const int fd = ::openat(dir, path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) return fail_errno(errno, "open " + path);
  return Fd{fd};
}

Result<Fd> open_file(const std::string& path, int flags, unsigned mode) { return open_at(AT_FDCWD, path, flags, mode); }

Result<std::string> read_all(int fd, std::size_t limit) {
  std::string out;
  char buffer[16384];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, "read");
    if (n == 0) return out;
    out.append(buffer, static_cast<std::size_t>(n));
    if (out.size() > limit) return fail(Code::Invalid, "longer than {} bytes", limit);
  }
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  auto fd = open_file(path, O_RDONLY);
  if (!fd) return tl::unexpected(fd.error());
  auto data = read_all(fd->get(), limit);
  if (!data) return forward(data, path);
  return data;
}

Status write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t n = ::write(fd, data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, "write");
    data.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Status write_control(int dir, const std::string& path, std::string_view data) {
  auto fd = open_at(dir, path, O_WRONLY);
  if (!fd) return tl::unexpected(fd.error());
  if (::write(fd->get(), data.data(), data.size()) < 0)
    return fail_errno(errno, fmt::format("write '{}' to {}", data, path));
  return {};
}

Status replace_file(const std::string& path, std::string_view data, unsigned mode) {
  const std::string temporary = path + ".tmp";
  auto file = open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode);
  if (!file) return tl::unexpected(file.error());
  if (auto written = write_all(file->get(), data); !written) return forward(written, temporary);
  if (::fsync(file->get()) != 0) return fail_errno(errno, "fsync " + temporary);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return fail_errno(errno, "rename to " + path);
  const auto slash = path.rfind('/');
  auto folder = open_file(slash == std::string::npos ? "." : path.substr(0, slash + 1), O_RDONLY | O_DIRECTORY);
  if (!folder) return tl::unexpected(folder.error());
  if (::fsync(folder->get()) != 0) return fail_errno(errno, "fsync folder of " + path);
  return {};
}

}  // namespace cutline
