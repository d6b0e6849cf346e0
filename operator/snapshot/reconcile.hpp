// DistributedSnapshot: observe, plan, apply. A round runs to its end within one call, on the caller's thread.
#pragma once

#include "operator/context.hpp"

namespace cutline::op::snapshot {

[[nodiscard]] Result<Outcome> reconcile(Context& context, const kube::Key& key);

}  // namespace cutline::op::snapshot
