// A process's own cgroup in every hierarchy, as descriptors of their folders.
//
// Nothing needs to be mounted where the caller runs, and nothing is: a thread joins the process's cgroup namespace and
// makes detached mounts (fsopen, fsmount), which live as long as the descriptors. Works for cgroup v1, v2 and both side
// by side. Needs CAP_SYS_ADMIN. Thread-safe: no shared state.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fd.hpp"

namespace cutline::cgroup {

struct Hierarchy {
  std::string controllers;  // as in /proc/PID/cgroup: "cpu,cpuacct", "name=systemd"; empty: v2
  Fd folder;
  [[nodiscard]] bool unified() const { return controllers.empty(); }
  [[nodiscard]] bool has(std::string_view controller) const;
};

// Hierarchies that exist but cannot be opened (a v1 controller that was taken away since) are an error: they would
// otherwise be missing silently after a restore. NotFound: no such process.
[[nodiscard]] Result<std::vector<Hierarchy>> of_process(pid_t pid);

// What stands in /proc/PID/cgroup, one line a hierarchy. Pure.
struct Line {
  std::string controllers;
  std::string path;  // within the hierarchy, as seen from the reader's cgroup namespace
  bool operator==(const Line&) const = default;
};
[[nodiscard]] std::vector<Line> parse(std::string_view text);

}  // namespace cutline::cgroup
