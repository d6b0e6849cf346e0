#include "operator/pods/services.hpp"

#include "kube/selector.hpp"

namespace cutline::op {

std::vector<std::string> services_of(const Pod& pod, const std::vector<kube::Json>& services) {
  std::vector<std::string> out;
  for (const auto& service : services) {
    const auto selector =
        kube::read_selector({{"matchLabels", service.value(kube::Json::json_pointer("/spec/selector"), kube::Json{})}});
    if (selector.empty() || !selector.matches(pod.labels)) continue;
    for (const auto& ip : service.value(kube::Json::json_pointer("/spec/clusterIPs"), kube::Json::array()))
      if (ip != "None") out.push_back(ip.get<std::string>());
  }
  return out;
}

}  // namespace cutline::op
