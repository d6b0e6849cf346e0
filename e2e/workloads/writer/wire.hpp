// One lasting TCP connection, and HTTP/1.1 over it. It waits in looks of a second (server.hpp): no deadline by a clock
// that jumps.
#pragma once

#include "base/fd.hpp"
#include "e2e/workloads/writer/server.hpp"

namespace cutline::writer {

class Wire {
 public:
  [[nodiscard]] static Result<Wire> connect(const Endpoint& endpoint, Deadline deadline);
  [[nodiscard]] Status send(std::string_view bytes);
  // At least one more byte into in().
  [[nodiscard]] Status receive();
  // What has come and was not taken.
  [[nodiscard]] std::string_view in() const { return std::string_view{in_}.substr(taken_); }
  void take(std::size_t bytes) { taken_ += bytes; }
  // Up to the end of a line, which is taken too.
  [[nodiscard]] Result<std::string> line();
  [[nodiscard]] Result<std::string> exactly(std::size_t bytes);

 private:
  explicit Wire(Fd fd) : fd_(std::move(fd)) {}
  [[nodiscard]] Status await(short events) const;
  Fd fd_;
  std::string in_;
  std::size_t taken_ = 0;
};

struct HttpAnswer {
  int status = 0;
  std::string body;
};

// One request on a connection that stays open. Unavailable: it does not stay open.
[[nodiscard]] Result<HttpAnswer> post(Wire& wire, std::string_view path, std::string_view json);

}  // namespace cutline::writer
