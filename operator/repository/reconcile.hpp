// SnapshotRepository: taken by the API, not carried out yet; its condition says so.
#pragma once

#include "operator/context.hpp"

namespace cutline::op::repository {

[[nodiscard]] Result<Outcome> reconcile(Context& context, const kube::Key& key);

}  // namespace cutline::op::repository
