// Watches the workload of a policy with recovery Automatic, and makes a Rollback when an application of it has failed.
#pragma once

#include "operator/context.hpp"

namespace cutline::op::recovery {

// For the same names as policies. Looks again twice a second while the policy wants it.
[[nodiscard]] Result<Outcome> reconcile(Context& context, const kube::Key& policy);

}  // namespace cutline::op::recovery
