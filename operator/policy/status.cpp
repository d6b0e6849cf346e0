#include "operator/policy/status.hpp"

#include "operator/api/conditions.hpp"
#include "operator/pods/membership.hpp"
#include "operator/snapshot/plan.hpp"

namespace cutline::op::policy {
namespace {

const Json* newest(const std::string& policy, const std::vector<Json>& snapshots, bool committed) {
  const Json* last = nullptr;
  for (const auto& snapshot : snapshots) {
    if (read_snapshot_spec(snapshot).policy != policy || (committed && !is_true(snapshot, "Committed"))) continue;
    if (last == nullptr || snapshot::recorded_epoch(snapshot) > snapshot::recorded_epoch(*last)) last = &snapshot;
  }
  return last;
}

Json line(const Json& snapshot) {
  Json out = Json::array();
  for (const auto& member : snapshot.at(Json::json_pointer("/status/members")))
    out.push_back({{"pod", member.value("pod", "")},
                   {"uid", member.value("uid", "")},
                   {"checkpoint", member.value("checkpoint", 0)},
                   {"snapshot", kube::key_of(snapshot).name}});
  return out;
}

}  // namespace

void write_status(Json& policy, const std::vector<Pod>& pods, const std::vector<Json>& snapshots,
                  const std::string& now) {
  const auto name = kube::key_of(policy).name;
  const auto spec = read_save_spec(policy);
  const auto members = plan_members(spec.selector, pods);
  auto& status = policy["status"];
  status["members"] = members ? members->size() : 0;
  if (const auto* last = newest(name, snapshots, false)) status["lastSnapshot"] = kube::key_of(*last).name;
  if (const auto* last = newest(name, snapshots, true)) {
    status["recoveryLine"] = kube::key_of(*last).name;
    status["line"] = line(*last);
  }
  if (members)
    set_condition(policy, {"Ready", true, "MembersReady", fmt::format("{} pods can be saved", members->size())}, now);
  else
    set_condition(policy, {"Ready", false, cutline::name(members.error().code), members.error().message}, now);
  const auto missing = not_implemented(policy);
  if (!missing.empty() || find_condition(policy, "NotImplemented") != nullptr)
    set_condition(
        policy,
        {"NotImplemented", !missing.empty(), missing.empty() ? "AllImplemented" : "NotImplemented",
         missing.empty() ? "" : fmt::format("this version does not carry out {} yet", fmt::join(missing, ", "))},
        now);
}

void write_line(Json& policy, const Result<rollback::Line>& line, const std::string& now) {
  auto& rows = policy["status"]["line"];
  rows = Json::array();
  if (!line) {
    set_condition(policy, {"Recoverable", false, "NoLine", line.error().message}, now);
    return;
  }
  for (const auto& entry : line->entries)
    rows.push_back({{"pod", entry.pod.name}, {"uid", entry.pod.uid.value}, {"checkpoint", value(entry.index)}});
  set_condition(
      policy,
      {"Recoverable", true, "LineFound", "if every application failed now, the workload would go back to status.line"},
      now);
}

}  // namespace cutline::op::policy
