// Conditions as Kubernetes defines them: a list keyed by type; lastTransitionTime moves only when the status does.
// Pure.
#pragma once

#include "base/result.hpp"
#include "kube/resource.hpp"

namespace cutline::op {

using kube::Json;

struct Condition {
  std::string type;
  bool status = false;
  std::string reason;  // CamelCase
  std::string message;
};

// Sets it in status.conditions of `object`; `now` in RFC 3339.
void set_condition(Json& object, const Condition& condition, const std::string& now);

[[nodiscard]] bool is_true(const Json& object, std::string_view type);
// Of a snapshot or a rollback: nothing more will happen to it.
[[nodiscard]] bool has_ended(const Json& object);
// Null when it is not there.
[[nodiscard]] const Json* find_condition(const Json& object, std::string_view type);

}  // namespace cutline::op
