// The LocalCheckpoint objects of a workload with protocol Independent: what its pods have saved by themselves, for
// people and for spec.to.before. The sidecars know without them. Pure.
#pragma once

#include "operator/rollback/line.hpp"

namespace cutline::op::policy {

// "ledger-0-c12"
[[nodiscard]] std::string checkpoint_name(const Pod& pod, CheckpointIndex index);

// The pod owns it: with the pod its volume goes, and the checkpoint with that.
[[nodiscard]] Json checkpoint_object(const std::string& ns, const Pod& pod,
                                     const protocol::LocalCheckpoint& checkpoint);

struct Difference {
  std::vector<Json> missing;             // to be made
  std::vector<std::string> superfluous;  // names: the pod has that checkpoint no more
};
[[nodiscard]] Difference compare(const std::string& ns, const Workload& workload, const std::vector<Json>& objects);

// Checkpoints that pods have taken by themselves and that no recovery line can ever need, whatever fails later: those
// that are older than the line of all pods failing together. That line is made of checkpoints alone, so it stays a
// line, and no later one is older. The sharper rule of protocol/collect.hpp wants present states that fit together;
// histories of running pods are read one after the other.
[[nodiscard]] std::vector<std::pair<Pod, Epoch>> superfluous(const Workload& workload,
                                                             const rollback::Line& line_of_all);

}  // namespace cutline::op::policy
