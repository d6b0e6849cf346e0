// What the operator needs to know of a pod. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/ids.hpp"
#include "kube/resource.hpp"

namespace cutline::op {

struct Pod {
  PodUid uid;
  std::string name;
  std::string generate_name;  // what its owner named it by, if it did
  std::string node;
  std::vector<std::string> addresses;
  kube::Json labels;
  bool asks = false;      // has the label cutline.dev/inject: "true"
  bool injected = false;  // has the sidecar
  bool sidecar_ready = false;
  bool ending = false;                   // being deleted, or its containers have ended for good
  std::vector<std::string> not_running;  // application containers that are not running now
};

[[nodiscard]] Pod read_pod(const kube::Json& object);

}  // namespace cutline::op
