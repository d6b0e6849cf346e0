// Which launcher each container had when it was last well, so that one that has started anew is noticed, also across
// this process's own restart and the machine's.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>

#include "base/ids.hpp"
#include "base/result.hpp"

namespace cutline::sidecar {

// A process that no other ever is: the boot, its number, when it began. Empty: it has ended.
[[nodiscard]] std::string identity_of(pid_t pid);

struct Known {
  Millis grace{0};
  std::map<std::string, std::string> launchers;  // identity, by container
  bool operator==(const Known&) const = default;
};

[[nodiscard]] std::string to_json(const Known& known);
// Corrupt: not what to_json writes.
[[nodiscard]] Result<Known> known_from_json(std::string_view text);

// "exited with status 1", "killed by signal 9 (Killed)". `status` as wait(2) gives it.
[[nodiscard]] std::string describe_end(int status);

}  // namespace cutline::sidecar
