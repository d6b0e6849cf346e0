#include "operator/snapshot/plan.hpp"

#include "operator/api/conditions.hpp"
#include "operator/api/resources.hpp"

namespace cutline::op::snapshot {
namespace {

// A pod that starts or restarts gets this long before a snapshot without it is refused.
constexpr std::chrono::seconds kPatience{60};
// One kubectl apply may bring the snapshot before its policy.
constexpr std::chrono::seconds kApplied{5};

bool has_finalizer(const Json& object) {
  const auto list = Json::json_pointer("/metadata/finalizers");
  return object.contains(list) && std::ranges::find(object.at(list), Json(kFinalizer)) != object.at(list).end();
}

std::vector<std::string> refused_fields(const Json& object, const std::optional<Json>& policy) {
  auto fields = not_implemented(object);
  if (policy)
    for (auto& field : not_implemented(*policy))
      if (field == "spec.protocol" || field == "spec.hooks") fields.push_back("policy " + field);
  std::erase(fields, "spec.repositoryRef");  // the snapshot is kept on the nodes meanwhile: said in a condition, no reason to refuse
  return fields;
}

Decision begin(const Observed& o, SaveSpec save) {
  auto members = plan_members(save.selector, o.pods);
  if (members) return Begin{std::move(save), std::move(*members)};
  const bool may_pass = members.error().code == Code::Unavailable && o.age < kPatience;
  return may_pass ? Decision{Later{members.error()}} : Decision{Refuse{members.error(), {}}};
}

}  // namespace

Epoch recorded_epoch(const Json& object) { return Epoch{object.value(Json::json_pointer("/status/epoch"), std::uint64_t{0})}; }

Members recorded_members(const Json& object, const std::vector<Pod>& pods) {
  Members out;
  const auto list = Json::json_pointer("/status/members");
  if (!object.contains(list)) return out;
  for (const auto& member : object.at(list)) {
    const auto uid = member.value("uid", "");
    const auto pod = std::ranges::find_if(pods, [&](const Pod& p) { return p.uid.value == uid; });
    if (pod != pods.end()) out.emplace(pod->uid, *pod);
  }
  return out;
}

Decision plan(const Observed& o) {
  const auto epoch = recorded_epoch(o.object);
  const bool failed = is_true(o.object, "Failed");
  const bool committed = is_true(o.object, "Committed");
  const bool ended = failed || is_true(o.object, "Released");
  if (o.object.contains(Json::json_pointer("/metadata/deletionTimestamp"))) {
    if (!has_finalizer(o.object)) return Nothing{};
    if (o.used_by_rollback) return Later{{Code::Busy, "a rollback to this snapshot has not ended"}};
    return Collect{epoch, recorded_members(o.object, o.pods), !ended && value(epoch) != 0};
  }
  if (ended) return Nothing{};
  if (!has_finalizer(o.object)) return AddFinalizer{};
  const auto spec = read_snapshot_spec(o.object);
  if (spec.policy && !o.policy) {
    Error why{Code::NotFound, fmt::format("there is no SnapshotPolicy {} in this namespace: make it, or write spec.selector", *spec.policy)};
    return o.age < kApplied ? Decision{Later{std::move(why)}} : Decision{Refuse{std::move(why), {}}};
  }
  SaveSpec save = spec.policy ? read_save_spec(*o.policy) : *spec.inline_spec;
  if (read_save_spec(o.object).options.gate == protocol::GateKind::Open) save.options.gate = protocol::GateKind::Open;
  if (value(epoch) != 0) return Recover{std::move(save), recorded_members(o.object, o.pods), epoch, committed};
  if (auto fields = refused_fields(o.object, o.policy); !fields.empty())
    return Refuse{{Code::Unsupported, fmt::format("this version does not carry out {} yet", fmt::join(fields, ", "))}, std::move(fields)};
  return begin(o, std::move(save));
}

}  // namespace cutline::op::snapshot
