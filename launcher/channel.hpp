// L's end of the connection to the sidecar: lines out, lines and descriptors in. Never blocks, never raises SIGPIPE.
// Not thread-safe. A failure of any kind ends the connection; the caller learns it from the result.
#pragma once

#include <optional>
#include <string_view>

#include "launcher/descriptor.hpp"
#include "launcher/protocol.hpp"

namespace cutline::launcher {

class Channel {
 public:
  explicit Channel(std::string_view path) : path_(path) {}

  [[nodiscard]] int fd() const { return socket_.get(); }  // -1: not connected
  [[nodiscard]] bool connect();
  void close();

  [[nodiscard]] bool send(const ToSidecar& message);
  // Takes in what has come, as much as fits. False: the connection has ended.
  [[nodiscard]] bool receive();
  // The next whole message; lines that are none are reported on standard error and passed over.
  [[nodiscard]] std::optional<ToLauncher> next();
  // The last descriptor that came, once.
  [[nodiscard]] Descriptor take_descriptor() { return std::move(passed_); }
  [[nodiscard]] bool has_descriptor() const { return static_cast<bool>(passed_); }

 private:
  std::string_view path_;
  Descriptor socket_;
  Descriptor passed_;
  std::array<char, 4 * longest_line> buffer_{};
  std::size_t filled_ = 0;
};

}  // namespace cutline::launcher
