// What a restore must know and CRIU's images do not say plainly: criu.json beside them.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.hpp"

namespace cutline::criu {

struct Stream {  // a pipe between the container's standard stream and the container runtime
  int fd = 0;    // 0, 1 or 2 of the launcher
  ino_t inode = 0;
  bool operator==(const Stream&) const = default;
};

struct Record {
  pid_t root = 0;
  uid_t uid = 0;  // of the root
  gid_t gid = 0;
  std::vector<pid_t> numbers;  // every process, thread, session and process group of the tree; sorted
  std::vector<Stream> streams;
  bool operator==(const Record&) const = default;
};

// The launcher's standard streams that are pipes.
[[nodiscard]] std::vector<Stream> streams_of(pid_t launcher);
// Of a tree that is frozen; `tids` are all of its threads. NotFound: one of them is gone.
[[nodiscard]] Result<Record> observe(pid_t root, pid_t launcher, const std::vector<pid_t>& tids);

[[nodiscard]] std::string to_json(const Record& record);
// Corrupt: not what to_json writes.
[[nodiscard]] Result<Record> from_json(std::string_view text);

inline constexpr auto kRecordFile = "criu.json";

}  // namespace cutline::criu
