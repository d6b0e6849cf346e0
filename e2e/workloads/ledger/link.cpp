#include "e2e/workloads/ledger/link.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace cutline::ledger {

bool Link::receive() {
  char bytes[16384];
  const ssize_t n = ::recv(fd.get(), bytes, sizeof bytes, 0);
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  in.append(bytes, static_cast<std::size_t>(n));
  return n > 0;
}

bool Link::flush() {
  while (!out.empty()) {
    const ssize_t n = ::send(fd.get(), out.data(), out.size(), MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    out.erase(0, static_cast<std::size_t>(n));
  }
  return true;
}

void Link::close() {
  fd = Fd{};
  stage = Stage::Down;
  in.clear();
  out.clear();
}

}  // namespace cutline::ledger
