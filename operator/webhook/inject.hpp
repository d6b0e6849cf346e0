// What the admission webhook does to a pod that asks to take part. Pure: pod in, pod out.
#pragma once

#include "base/result.hpp"
#include "kube/resource.hpp"

namespace cutline::op::webhook {

using kube::Json;

struct Settings {
  std::string sidecar_image;
  std::string pull_policy = "IfNotPresent";
  std::string operator_host;  // where the sidecar asks for its certificate
  std::string authority;      // PEM, the certificate only
};

struct Injected {
  Json pod;
  std::vector<std::string> warnings;  // shown to the user by kubectl
};

// The sidecar, its volumes, one PID namespace, and each container's command behind the launcher. A pod that already has
// all that comes back as it was. Invalid: it cannot take part as it is; the message says what to write.
[[nodiscard]] Result<Injected> inject(const Json& pod, const Settings& settings);

}  // namespace cutline::op::webhook
