// HTTP to one API server: the border of cpprestsdk, which appears in no header. Thread-safe.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "kube/answer.hpp"
#include "kube/config.hpp"

namespace cutline::kube {

// The body of an answer while it arrives. One reader.
class ByteStream {
 public:
  virtual ~ByteStream() = default;  // closes the connection
  // What has arrived, at least a byte; empty: the end. Timeout: nothing by the deadline, or stop was requested.
  [[nodiscard]] virtual Result<std::string> read(const std::stop_token& stop, Deadline deadline) = 0;
};

class Transport {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Transport>> open(Config config);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Any status is a response; errors are Unavailable and Timeout. A 401 is repeated once if the token has changed.
  // Stop ends it as the deadline does.
  [[nodiscard]] Result<HttpResponse> send(const HttpRequest& request, Deadline deadline,
                                          const std::stop_token& stop = {});
  // A GET whose body is read as it comes. A status other than 200 is an error.
  [[nodiscard]] Result<std::unique_ptr<ByteStream>> stream(const std::string& path, const std::stop_token& stop,
                                                           Deadline deadline);
  [[nodiscard]] const Config& config() const;

 private:
  struct Impl;
  explicit Transport(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cutline::kube
