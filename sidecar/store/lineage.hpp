// lineage.json: how a pod's kept checkpoints follow on one another, and on which of them its present state follows.
//
// Rollbacks make branches: what was taken after the checkpoint that was gone back to stays stored, but led nowhere. A
// checkpoint that is collected leaves what it had told of its interval to those that followed on it, so that no chain
// is broken. Pure values; two functions with a file.
#pragma once

#include "base/result.hpp"
#include "protocol/readdressing.hpp"

namespace cutline::store {

struct Lineage {
  struct Inherited {  // of the intervals of collected checkpoints right before
    protocol::CounterTable closed;
    bool observed = true;
    bool operator==(const Inherited&) const = default;
  };
  CheckpointIndex present{};                           // taken, or rolled back to, last; 0: the pod's start
  std::map<CheckpointIndex, CheckpointIndex> parents;  // of each kept checkpoint
  std::map<CheckpointIndex, Inherited> inherited;
  std::map<CheckpointIndex, protocol::Readdressing>
      names;  // how what a checkpoint names is called now, where that has changed since
  bool operator==(const Lineage&) const = default;
};

// From the pod's start to `from`, oldest first.
[[nodiscard]] std::vector<CheckpointIndex> chain(const Lineage& lineage, CheckpointIndex from);

// Nothing: a new pod. Corrupt: do not guess.
[[nodiscard]] Result<std::optional<Lineage>> load_lineage(const std::string& root);
[[nodiscard]] Status save_lineage(const std::string& root, const Lineage& lineage);  // durable when it returns

}  // namespace cutline::store
