// Contents of files: into a data file that many share, and back.
#pragma once

#include "base/deadline.hpp"
#include "base/fd.hpp"
#include "base/ids.hpp"
#include "sidecar/files/catalog.hpp"

namespace cutline::files {

// One data file; written by one thread.
class DataFile {
 public:
  DataFile(Fd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

  // Appends the contents of `file`, and enters into `entry` where they lie. Shares blocks where the file system can.
  // Conflict: the file became shorter meanwhile.
  [[nodiscard]] Status add(int file, Entry& entry, Deadline deadline);

 private:
  Fd fd_;
  std::string name_;
  std::uint64_t end_ = 0;
};

// Gives `file` the contents that `entry` describes and `data` holds. Reads both and writes only what differs; returns
// how much.
[[nodiscard]] Result<Bytes> put_contents(int file, const Entry& entry, int data, Deadline deadline);

}  // namespace cutline::files
