// Contents of files: into a data file that many share, and back.
#pragma once

#include <stop_token>

#include "base/deadline.hpp"
#include "base/fd.hpp"
#include "base/ids.hpp"
#include "sidecar/files/catalog.hpp"

namespace cutline::files {

// One data file; written by one thread.
class DataFile {
 public:
  // A new one in this folder, under the first name that is free.
  [[nodiscard]] static Result<DataFile> make(const std::string& folder);
  DataFile(Fd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

  // Appends the contents of `file`, and enters into `entry` where they lie. Shares blocks where the file system can.
  // Conflict: the file became shorter meanwhile. Timeout: late, or stopped.
  [[nodiscard]] Status add(int file, Entry& entry, Deadline deadline, const std::stop_token& stop = {});
  // What was added goes to the disk from now on; waits for nothing.
  void begin_flush() const;

 private:
  Fd fd_;
  std::string name_;
  std::uint64_t end_ = 0;
};

// How old a file's last change must be when a capture begins, for its times to tell of every later change. They are
// read from the clock's last tick, up to 10 ms ago; and a change is timed when it begins, and may go on: a write(2) of
// many pages, or one past the page cache, which the disk goes on with while its process stands still.
inline constexpr std::int64_t kSettles = 2'000'000'000;  // ns
[[nodiscard]] std::int64_t now_ns();
// Whether this file system times every change that is not made through a mapping, and the first of those: tmpfs does
// not.
[[nodiscard]] bool times_changes(int fd);

// Gives `file` the contents that `entry` describes and `data` holds. Reads both and writes only what differs; returns
// how much.
[[nodiscard]] Result<Bytes> put_contents(int file, const Entry& entry, int data, Deadline deadline);

}  // namespace cutline::files
