// Brings the checkpoints that pods stand in for from the repository to those pods, before anything of the rollback
// begins: restic's packets do not pass a closed gate.
#pragma once

#include "operator/context.hpp"
#include "operator/rollback/line.hpp"

namespace cutline::op::rollback {

struct Brought {
  bool all = false;
  std::string far;  // a sentence for people
};

// One look: asks the pods to fetch, and how far they are. Corrupt: the manifest, or a checkpoint, does not verify.
// Anything else may pass.
[[nodiscard]] Result<Brought> bring(Context& context, const Line& line, const kube::Json& snapshot);

}  // namespace cutline::op::rollback
