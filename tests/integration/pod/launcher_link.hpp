// The sidecar's end of a launcher's connection, for tests. Blocking with deadlines; not thread-safe.
#pragma once

#include <string>

#include "base/deadline.hpp"
#include "base/fd.hpp"
#include "launcher/protocol.hpp"

namespace cutline::test {

// The pod's sidecar.sock, listening; mode 0666.
[[nodiscard]] Result<Fd> listen_for_launchers(const std::string& path);

class LauncherLink {
 public:
  [[nodiscard]] static Result<LauncherLink> accept(int listener, Deadline deadline);
  // `descriptor` (of `guard`) stays the caller's; -1: none.
  [[nodiscard]] Status send(const launcher::ToLauncher& message, int descriptor = -1);
  [[nodiscard]] Result<launcher::ToSidecar> receive(Deadline deadline);

  // The next message, which must be of this kind.
  template <class T>
  [[nodiscard]] Result<T> expect(Deadline deadline) {
    auto message = receive(deadline);
    if (!message) return tl::unexpected(message.error());
    if (const auto* wanted = std::get_if<T>(&*message)) return *wanted;
    return fail(Code::Internal, "the launcher said something else: {}", launcher::format(*message).view());
  }

 private:
  explicit LauncherLink(Fd socket) : socket_(std::move(socket)) {}
  Fd socket_;
  std::string buffer_;
};

}  // namespace cutline::test
