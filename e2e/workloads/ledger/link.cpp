#include "e2e/workloads/ledger/link.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>

namespace cutline::ledger {

bool Link::receive() {
  char bytes[16384];
  const ssize_t n = ::recv(fd.get(), bytes, sizeof bytes, 0);
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  in.append(bytes, static_cast<std::size_t>(n));
  bytes_received += static_cast<std::size_t>(n);
  return n > 0;
}

bool Link::flush() {
  while (!out.empty()) {
    const ssize_t n = ::send(fd.get(), out.data(), out.size(), MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    out.erase(0, static_cast<std::size_t>(n));
    bytes_sent += static_cast<std::size_t>(n);
  }
  return true;
}

std::size_t Link::unacknowledged() const {
  int queued = 0;
  if (::ioctl(fd.get(), SIOCOUTQ, &queued) != 0) queued = 0;  // it has ended: reading says so
  return static_cast<std::size_t>(queued) + out.size();
}

void Link::close() {
  fd = Fd{};
  stage = Stage::Down;
  in.clear();
  out.clear();
  backlog.reset();
}

}  // namespace cutline::ledger
