// A descriptor with one owner, closed when the owner goes; and whole-file reads and writes on it.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace cutline {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

// open(2)/openat(2) with O_CLOEXEC added. Errors name the path.
[[nodiscard]] Result<Fd> open_at(int dir, const std::string& path, int flags, unsigned mode = 0);
[[nodiscard]] Result<Fd> open_file(const std::string& path, int flags, unsigned mode = 0);

// Whole files, bounded: more than `limit` bytes is an error, not a truncation.
[[nodiscard]] Result<std::string> read_all(int fd, std::size_t limit);
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t limit = 64U << 20U);
[[nodiscard]] Status write_all(int fd, std::string_view data);
// For files of /proc, /sys and cgroups: one write(2), no creation.
[[nodiscard]] Status write_control(int dir, const std::string& path, std::string_view data);
// Durable replacement: temporary file, write, fsync, rename, fsync of the folder. Old or new, never a mix.
[[nodiscard]] Status replace_file(const std::string& path, std::string_view data, unsigned mode = 0600);

}  // namespace cutline
