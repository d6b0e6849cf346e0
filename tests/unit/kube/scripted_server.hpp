// An HTTP server on 127.0.0.1 that says exactly what a test tells it to, also what no real server would.
#pragma once

#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.hpp"
#include "base/ids.hpp"

namespace cutline::kube {

class Connection {
 public:
  Connection(int fd, std::stop_token stop) : fd_(fd), stop_(std::move(stop)) {}
  void write(std::string_view bytes) const;
  // Waits, unless the server ends first or the peer closes; false: one of them did.
  [[nodiscard]] bool pause(Millis wait) const;

 private:
  int fd_;
  std::stop_token stop_;
};

[[nodiscard]] std::string http(int status, const std::string& body, const std::string& more_headers = "");
// The start of an answer whose body is sent in chunks, and one chunk; an empty one ends it.
[[nodiscard]] std::string chunked_start();
[[nodiscard]] std::string chunk(const std::string& bytes);

class ScriptedServer {
 public:
  // One request on each connection: the handler answers, then the connection is closed.
  using Handler = std::function<void(const Connection&, const std::string& request)>;
  explicit ScriptedServer(Handler handler);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::string url() const;
  // The requests so far, head and body.
  [[nodiscard]] std::vector<std::string> requests() const;

 private:
  void accept_all(const std::stop_token& stop);
  void serve(int fd, const std::stop_token& stop);

  Handler handler_;
  Fd listener_;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<std::jthread> serving_;
  std::jthread accepting_;
};

}  // namespace cutline::kube
