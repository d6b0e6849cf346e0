// The processes of a cgroup, and how to see that they are gone. Thread-safe.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/deadline.hpp"
#include "base/fd.hpp"

namespace cutline::cgroup {

// Numbers of the caller's PID namespace, sorted; `file` is cgroup.procs, tasks or cgroup.threads.
[[nodiscard]] Result<std::vector<pid_t>> numbers(int folder, const std::string& file);

// Children of all of its threads, dead ones that it has not reaped too: those stand in no cgroup any more.
[[nodiscard]] std::vector<pid_t> children_of(pid_t pid);

// /proc/PID/stat, proc_pid_stat(5): "12 (name)", where the name may hold anything, and the fields after it, from the
// state on.
struct Stat {
  std::string who;
  std::string fields;  // "S 1 12 12 ..."
};
[[nodiscard]] Result<Stat> stat_of(pid_t pid);

// Waits until none of the processes exists any more, zombies included: a dead child that nobody reaps keeps its number,
// and a restore would fail on it. Those that are the caller's own children (also by adoption) are reaped here, and
// their exit status is lost. Timeout names one that is left.
[[nodiscard]] Status wait_gone(const std::vector<pid_t>& pids, Deadline deadline);

}  // namespace cutline::cgroup
