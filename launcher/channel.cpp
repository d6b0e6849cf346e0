#include "launcher/channel.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace cutline::launcher {

bool Channel::connect() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) return false;
  std::copy(path_.begin(), path_.end(), address.sun_path);
  close();
  socket_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket_ && ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return true;
  close();
  return false;
}

void Channel::close() {
  socket_.reset();
  passed_.reset();
  filled_ = 0;
}

bool Channel::send(const ToSidecar& message) {
  const auto line = format(message);
  const auto bytes = line.view();
  return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

bool Channel::receive() {
  if (filled_ == buffer_.size()) return false;  // no line is that long
  iovec space{buffer_.data() + filled_, buffer_.size() - filled_};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr header{};
  header.msg_iov = &space;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const ssize_t n = ::recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC);
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  for (auto* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(part), sizeof fd);
    passed_.reset(fd);
  }
  filled_ += static_cast<std::size_t>(n);
  return n > 0;
}

std::optional<ToLauncher> Channel::next() {
  for (;;) {
    const auto* begin = buffer_.data();
    const auto* newline = static_cast<const char*>(std::memchr(begin, '\n', filled_));
    if (newline == nullptr) return std::nullopt;
    const auto length = static_cast<std::size_t>(newline - begin);
    const auto message = parse_to_launcher({begin, length});
    if (!message)
      (void)::dprintf(2, "cutline-launcher: not understood from the sidecar: %.*s\n", static_cast<int>(length), begin);
    filled_ -= length + 1;
    std::memmove(buffer_.data(), newline + 1, filled_);
    if (message) return message;
  }
}

}  // namespace cutline::launcher
