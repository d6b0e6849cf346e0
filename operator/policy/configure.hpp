// Tells sidecars what their policies want them to do by themselves.
#pragma once

#include "operator/context.hpp"

namespace cutline::op::policy {

// Idempotent; a sidecar keeps what it was told, also while the operator is away. One that does not answer is told at
// the next turn.
void configure(Context& context, const std::vector<Pod>& pods, const std::vector<kube::Json>& policies);

}  // namespace cutline::op::policy
