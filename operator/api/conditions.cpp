#include "operator/api/conditions.hpp"

namespace cutline::op {

const Json* find_condition(const Json& object, std::string_view type) {
  const auto list = Json::json_pointer("/status/conditions");
  if (!object.contains(list)) return nullptr;
  for (const auto& condition : object.at(list))
    if (condition.value("type", "") == type) return &condition;
  return nullptr;
}

bool is_true(const Json& object, std::string_view type) {
  const auto* found = find_condition(object, type);
  return found != nullptr && found->value("status", "") == "True";
}

bool has_ended(const Json& object) { return is_true(object, "Failed") || is_true(object, "Released"); }

void set_condition(Json& object, const Condition& condition, const std::string& now) {
  const std::string status = condition.status ? "True" : "False";
  Json next = {{"type", condition.type},
               {"status", status},
               {"reason", condition.reason},
               {"message", condition.message},
               {"lastTransitionTime", now},
               {"observedGeneration", object.value(Json::json_pointer("/metadata/generation"), 0)}};
  auto& list = object["status"]["conditions"];
  if (!list.is_array()) list = Json::array();
  for (auto& old : list) {
    if (old.value("type", "") != condition.type) continue;
    if (old.value("status", "") == status) next["lastTransitionTime"] = old.value("lastTransitionTime", now);
    old = std::move(next);
    return;
  }
  list.push_back(std::move(next));
}

}  // namespace cutline::op
