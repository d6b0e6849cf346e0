#include "operator/pods/services.hpp"

#include "operator/api/spec.hpp"

namespace cutline::op {

std::vector<std::string> services_of(const Pod& pod, const std::vector<kube::Json>& services) {
  std::vector<std::string> out;
  for (const auto& service : services) {
    Selector selector;
    const auto labels = service.value(kube::Json::json_pointer("/spec/selector"), kube::Json::object());
    for (const auto& [key, label] : labels.items()) selector.match_labels[key] = label.get<std::string>();
    if (selector.match_labels.empty() || !selector.matches(pod.labels)) continue;
    for (const auto& ip : service.value(kube::Json::json_pointer("/spec/clusterIPs"), kube::Json::array()))
      if (ip != "None") out.push_back(ip.get<std::string>());
  }
  return out;
}

}  // namespace cutline::op
