// The bearer token, as a value that rotates. Thread-safe.
#pragma once

#include <mutex>
#include <string>

#include "base/ids.hpp"

namespace cutline::kube {

class Token {
 public:
  // A fixed token, or a file that is read again when the last reading is a minute old.
  Token(std::string fixed, std::string file) : fixed_(std::move(fixed)), file_(std::move(file)) {}

  // Empty: none configured. A file that cannot be read leaves the last one in use.
  [[nodiscard]] std::string current(Instant now);
  // The server refused `used`. True if there is another one to try.
  [[nodiscard]] bool renew(const std::string& used, Instant now);

 private:
  void read(Instant now);

  const std::string fixed_, file_;
  std::mutex mutex_;
  std::string last_;
  Instant read_at_{};
};

}  // namespace cutline::kube
