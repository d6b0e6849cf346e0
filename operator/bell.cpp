#include "operator/bell.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace cutline::op {

Bell::Bell() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void Bell::ring() {
  const std::uint64_t one = 1;
  (void)!::write(event_.get(), &one, sizeof one);
}

bool Bell::wait(const sigset_t& ends, Millis patience) {
  const Fd signals{::signalfd(-1, &ends, SFD_CLOEXEC)};
  pollfd fds[] = {{signals.get(), POLLIN, 0}, {event_.get(), POLLIN, 0}};
  (void)::poll(fds, 2, static_cast<int>(patience.count()));
  std::uint64_t rings = 0;
  if (fds[1].revents != 0) (void)!::read(event_.get(), &rings, sizeof rings);
  return fds[0].revents != 0;
}

sigset_t Bell::block_ends() {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  return ends;
}

}  // namespace cutline::op
