// What the policies of a namespace want a pod's sidecar to do by itself: checkpoints of its own (protocol Independent),
// and to wait for a rollback when an application has died (recovery Automatic). Pure.
#pragma once

#include "operator/api/spec.hpp"
#include "operator/pods/pod.hpp"

namespace cutline::op::policy {

// The container of a dead application stays up for this long, so that the rollback finds the pod as it was.
inline constexpr Millis kGrace{15'000};

// All policies of its namespace have a say; of several with protocol Independent the first by name.
[[nodiscard]] protocol::Configure orders_for(const Pod& pod, const std::vector<Json>& policies);

}  // namespace cutline::op::policy
