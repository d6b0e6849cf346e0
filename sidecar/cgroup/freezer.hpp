// Freezes one container's saved tree: a sub-cgroup `cutline` of the container's own freezer cgroup (v1) or of its
// cgroup (v2).
//
//   created -> add(keeper) -> [freeze -> thaw]* ; whatever the keeper starts is born in it.
//
// The launcher stays outside. The sub-cgroup inherits every limit of the container, and goes with it. A freezer that
// goes out of scope thaws nothing: the caller does, and a watchdog that holds `state_fd` does when the caller is gone.
// One owner; not thread-safe, but for descriptors handed out.
#pragma once

#include <sys/types.h>

#include <vector>

#include "base/deadline.hpp"
#include "sidecar/cgroup/hierarchies.hpp"

namespace cutline::cgroup {

class Freezer {
 public:
  // `of` is the container's first process (the launcher), which stands in the container's own cgroups.
  // With `only_unified` the cgroup v2 is taken even where v1 has a freezer. `name`: of the sub-cgroup, for what stands
  // beside the tree.
  [[nodiscard]] static Result<Freezer> open(pid_t of, bool only_unified = false, const char* name = "cutline");

  [[nodiscard]] Status add(pid_t pid);
  // Returns when every task is frozen. Timeout: thawed again, and the message names a task that would not freeze.
  [[nodiscard]] Status freeze(Deadline deadline);
  [[nodiscard]] Status thaw();
  [[nodiscard]] Result<bool> frozen() const;

  [[nodiscard]] Result<std::vector<pid_t>> pids() const;
  [[nodiscard]] Result<std::vector<pid_t>> tids() const;  // every thread of them

  // Freezes, so that nothing runs on after the cut; kills all; thaws; waits until every one is gone, and reaps adopted
  // ones.
  [[nodiscard]] Status kill_all(Deadline deadline);

  // For a watchdog: writing `thaw_word()` to it thaws, whoever has frozen.
  [[nodiscard]] Result<Fd> state_fd() const;
  [[nodiscard]] std::string_view thaw_word() const { return unified_ ? "0" : "THAWED"; }

  // For CRIU's --freeze-cgroup.
  [[nodiscard]] int folder() const { return folder_.get(); }

  // Descriptors of cgroup.procs of the container in every hierarchy, of the freezer's the sub-cgroup: a process that
  // writes "0" to each stands where the saved tree stood.
  [[nodiscard]] Result<std::vector<Fd>> entrances() const;

 private:
  Freezer(std::vector<Hierarchy> hierarchies, std::size_t mine, Fd folder);
  [[nodiscard]] Status write_state(std::string_view word);
  [[nodiscard]] std::string unfrozen_task() const;

  std::vector<Hierarchy> hierarchies_;
  std::size_t mine_;  // of hierarchies_: the one that freezes
  bool unified_;
  Fd folder_;
};

}  // namespace cutline::cgroup
