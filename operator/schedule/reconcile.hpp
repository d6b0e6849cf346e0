// Carries out the schedule of a SnapshotPolicy: makes a DistributedSnapshot when one is due, and keeps the schedule's
// part of the status.
#pragma once

#include "operator/context.hpp"

namespace cutline::op::schedule {

// For the same names as policies. Looks again when the next one is due.
[[nodiscard]] Result<Outcome> reconcile(Context& context, const kube::Key& policy);

}  // namespace cutline::op::schedule
