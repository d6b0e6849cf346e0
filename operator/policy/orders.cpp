#include "operator/policy/orders.hpp"

#include <algorithm>

namespace cutline::op::policy {

protocol::Configure orders_for(const Pod& pod, const std::vector<Json>& policies) {
  std::vector<const Json*> by_name;
  for (const auto& policy : policies)
    if (!kube::is_being_deleted(policy)) by_name.push_back(&policy);
  std::ranges::sort(by_name, {}, [](const Json* policy) { return kube::key_of(*policy).name; });
  protocol::Configure out;
  for (const auto* policy : by_name) {
    const auto save = read_save_spec(*policy);
    if (!save.selector.matches(pod.labels)) continue;
    if (read_recovery_spec(*policy).automatic) out.grace = kGrace;
    if (save.protocol == "Independent" && !out.independent)
      out.independent =
          protocol::Independent{save.independent.interval, save.independent.jitter, save.deadline, save.options};
  }
  return out;
}

}  // namespace cutline::op::policy
