// SnapshotPolicy: who would take part now, could a snapshot be taken, which line is there to go back to.
#pragma once

#include "operator/context.hpp"

namespace cutline::op::policy {

[[nodiscard]] Result<Outcome> reconcile(Context& context, const kube::Key& key);

}  // namespace cutline::op::policy
