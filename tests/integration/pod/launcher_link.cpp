#include "tests/integration/pod/launcher_link.hpp"

#include <poll.h>

namespace cutline::test {
namespace {

bool readable(int fd, Deadline deadline) {
  pollfd ready{fd, POLLIN, 0};
  return ::poll(&ready, 1, static_cast<int>(deadline.left().count())) == 1;
}

}  // namespace

Result<LauncherLink> LauncherLink::accept(int listener, const std::string& program, Deadline deadline) {
  if (!readable(listener, deadline)) return fail(Code::Timeout, "no launcher has connected");
  auto connection = sidecar::Connection::accept(listener, program);
  if (!connection) return tl::unexpected(connection.error());
  return LauncherLink{*std::move(connection)};
}

Status LauncherLink::send(const launcher::ToLauncher& message, int descriptor) {
  return connection_.send(message, descriptor);
}

Result<launcher::ToSidecar> LauncherLink::receive(Deadline deadline) {
  while (came_.empty()) {
    if (!readable(connection_.fd(), deadline)) return fail(Code::Timeout, "the launcher says nothing");
    const auto messages = connection_.receive();
    if (!messages) return tl::unexpected(messages.error());
    came_.insert(came_.end(), messages->begin(), messages->end());
  }
  auto message = came_.front();
  came_.pop_front();
  return message;
}

}  // namespace cutline::test
