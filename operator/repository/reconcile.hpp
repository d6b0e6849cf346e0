// SnapshotRepository: made if it is empty, looked at again and again, cleared of what was forgotten.
#pragma once

#include "operator/context.hpp"

namespace cutline::op::repository {

// Blocks for as long as restic takes: not on a worker that rounds wait for.
[[nodiscard]] Result<Outcome> reconcile(Context& context, const kube::Key& key);

}  // namespace cutline::op::repository
