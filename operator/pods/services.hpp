// Services, which stand between two pods that talk. Pure.
#pragma once

#include "operator/pods/pod.hpp"

namespace cutline::op {

// A client's socket shows the Service; which pods it may have led to, the Service's selector says: here the other way
// about.
[[nodiscard]] std::vector<std::string> services_of(const Pod& pod, const std::vector<kube::Json>& services);

}  // namespace cutline::op
