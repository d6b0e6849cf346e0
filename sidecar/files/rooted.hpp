// A container's root folder, and names resolved inside it: no symbolic link, no "..", no magic link leads out.
#pragma once

#include <sys/stat.h>

#include "base/fd.hpp"

namespace cutline::files {

class Root {
 public:
  [[nodiscard]] static Result<Root> of(int pid);

  // Errors name the path. Flags as of open(2); O_CLOEXEC is added.
  [[nodiscard]] Result<Fd> open(const std::string& path, int flags, unsigned mode = 0) const;
  // The folder that `path` is in, for the *at calls.
  [[nodiscard]] Result<Fd> parent(const std::string& path) const;
  // As parent, and makes the folders that are missing.
  [[nodiscard]] Result<Fd> make_parent(const std::string& path) const;

 private:
  explicit Root(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

[[nodiscard]] std::string base_name(const std::string& path);
[[nodiscard]] std::string folder_of(const std::string& path);
[[nodiscard]] Result<struct stat> status_of(int fd);

constexpr std::int64_t nanos(const timespec& t) { return t.tv_sec * 1'000'000'000LL + t.tv_nsec; }
constexpr timespec to_timespec(std::int64_t ns) {
  const std::int64_t rest = ((ns % 1'000'000'000LL) + 1'000'000'000LL) % 1'000'000'000LL;
  return {(ns - rest) / 1'000'000'000LL, rest};
}

}  // namespace cutline::files
