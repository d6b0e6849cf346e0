// The sidecar's end of a launcher's connection, for tests. Blocking with deadlines; not thread-safe.
#pragma once

#include <deque>
#include <string>

#include "base/deadline.hpp"
#include "base/fd.hpp"
#include "sidecar/launchers/connection.hpp"

namespace cutline::test {

class LauncherLink {
 public:
  // `program`: what the launcher must run.
  [[nodiscard]] static Result<LauncherLink> accept(int listener, const std::string& program, Deadline deadline);
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
  explicit LauncherLink(sidecar::Connection connection) : connection_(std::move(connection)) {}
  sidecar::Connection connection_;
  std::deque<launcher::ToSidecar> came_;
};

}  // namespace cutline::test
