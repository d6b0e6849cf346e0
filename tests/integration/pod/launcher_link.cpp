#include "tests/integration/pod/launcher_link.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cutline::test {
namespace {

bool readable(int fd, Deadline deadline) {
  pollfd ready{fd, POLLIN, 0};
  return ::poll(&ready, 1, static_cast<int>(deadline.left().count())) == 1;
}

}  // namespace

Result<Fd> listen_for_launchers(const std::string& path) {
  Fd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail(Code::Invalid, "path too long: {}", path);
  std::memcpy(address.sun_path, path.c_str(), path.size());
  (void)::unlink(path.c_str());
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.get(), 16) != 0) {
    return fail_errno(errno, "listen on " + path);
  }
  (void)::chmod(path.c_str(), 0666);
  return socket;
}

Result<LauncherLink> LauncherLink::accept(int listener, Deadline deadline) {
  if (!readable(listener, deadline)) return fail(Code::Timeout, "no launcher has connected");
  Fd socket{::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)};
  if (!socket) return fail_errno(errno, "accept");
  return LauncherLink{std::move(socket)};
}

Status LauncherLink::send(const launcher::ToLauncher& message, int descriptor) {
  const auto line = launcher::format(message);
  iovec data{const_cast<char*>(line.view().data()), line.view().size()};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (descriptor >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    auto* const part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(part), &descriptor, sizeof descriptor);
  }
  if (::sendmsg(socket_.get(), &header, MSG_NOSIGNAL) < 0) return fail_errno(errno, "tell the launcher");
  return {};
}

Result<launcher::ToSidecar> LauncherLink::receive(Deadline deadline) {
  for (;;) {
    if (const auto end = buffer_.find('\n'); end != std::string::npos) {
      const auto line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      const auto message = launcher::parse_to_sidecar(line);
      if (!message) return fail(Code::Invalid, "the launcher said '{}'", line);
      return *message;
    }
    if (!readable(socket_.get(), deadline)) return fail(Code::Timeout, "the launcher says nothing");
    char part[256];
    const auto n = ::read(socket_.get(), part, sizeof part);
    if (n <= 0) return fail(Code::Unavailable, "the launcher is gone");
    buffer_.append(part, static_cast<std::size_t>(n));
  }
}

}  // namespace cutline::test
