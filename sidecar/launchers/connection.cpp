#include "sidecar/launchers/connection.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cutline::sidecar {
namespace {

bool same_file(const std::string& a, const std::string& b) {
  struct stat x{};
  struct stat y{};
  return ::stat(a.c_str(), &x) == 0 && ::stat(b.c_str(), &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

}  // namespace

Result<Connection> Connection::accept(int listener, const std::string& program) {
  Fd fd{::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
  if (!fd) return fail_errno(errno, "accept");
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return fail_errno(errno, "SO_PEERCRED");
  if (!same_file(fmt::format("/proc/{}/exe", peer.pid), program))
    return fail(Code::Invalid, "process {} is no launcher", peer.pid);
  return Connection{std::move(fd), peer.pid};
}

Result<std::vector<launcher::ToSidecar>> Connection::receive() {
  char bytes[1024];
  const ssize_t n = ::recv(fd_.get(), bytes, sizeof bytes, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return std::vector<launcher::ToSidecar>{};
  if (n <= 0) return fail(Code::Unavailable, "the launcher's connection has ended");
  buffer_.append(bytes, static_cast<std::size_t>(n));
  std::vector<launcher::ToSidecar> out;
  for (auto end = buffer_.find('\n'); end != std::string::npos; end = buffer_.find('\n')) {
    if (auto message = launcher::parse_to_sidecar(std::string_view{buffer_}.substr(0, end))) out.push_back(*message);
    buffer_.erase(0, end + 1);
  }
  if (buffer_.size() > launcher::longest_line) return fail(Code::Invalid, "a line that is too long");
  return out;
}

Status Connection::send(const launcher::ToLauncher& message, int descriptor) const {
  const auto line = launcher::format(message);
  iovec data{const_cast<char*>(line.view().data()), line.view().size()};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (descriptor >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
  }
  if (::sendmsg(fd_.get(), &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return fail_errno(errno, "send to the launcher");
  return {};
}

Result<Fd> listen_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return fail(Code::Invalid, "{}: longer than a unix socket's name may be", path);
  path.copy(address.sun_path, path.size());
  Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd) return fail_errno(errno, "socket");
  (void)::unlink(path.c_str());
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail_errno(errno, "bind " + path);
  if (::chmod(path.c_str(), 0666) != 0) return fail_errno(errno, "chmod " + path);  // applications run as any user
  if (::listen(fd.get(), 64) != 0) return fail_errno(errno, "listen " + path);
  return fd;
}

}  // namespace cutline::sidecar
