#include "tests/simulation/operator/scheduled_world.hpp"

#include <fmt/ranges.h>

#include "base/overloaded.hpp"
#include "kube/timestamp.hpp"
#include "operator/api/conditions.hpp"

namespace cutline::test {

using namespace op::schedule;

ScheduledWorld::ScheduledWorld(const Json& spec) : now_(kube::parse_time("2026-03-28T20:00:00Z").value()) {
  policy_ = {
      {"apiVersion", "cutline.dev/v1alpha1"},
      {"kind", "SnapshotPolicy"},
      {"metadata",
       {{"namespace", "bank"}, {"name", "ledger"}, {"generation", 1}, {"creationTimestamp", kube::rfc3339(now_)}}},
      {"spec", spec}};
}

Time ScheduledWorld::made_at() const {
  return kube::parse_time(kube::string_at(policy_, "/metadata/creationTimestamp")).value();
}

bool ScheduledWorld::suspended() const { return policy_["spec"].value("suspend", false); }

void ScheduledWorld::suspend(bool suspended) {
  if (this->suspended() == suspended) return;
  policy_["spec"]["suspend"] = suspended;
  policy_["metadata"]["generation"] = policy_["metadata"]["generation"].get<int>() + 1;
  story_.push_back(fmt::format("{} suspend {}", kube::rfc3339(now_), suspended));
}

void ScheduledWorld::end_snapshots() {
  for (auto& [name, object] : snapshots_)
    if (!op::has_ended(object)) op::set_condition(object, {"Released", true, "X", ""}, kube::rfc3339(now_));
}

void ScheduledWorld::delete_snapshots() {
  const auto through = marked_through(policy_);
  std::erase_if(snapshots_, [&](const auto& entry) {
    const auto due = kube::parse_time(kube::string_at(entry.second, "/metadata/annotations/cutline.dev~1scheduled-at"));
    return op::has_ended(entry.second) && through && due && *due <= *through;
  });
}

bool ScheduledWorld::told_of(Time due, const std::string& reason) const {
  return std::ranges::any_of(told_, [&](const Told& told) {
    return told.from <= due && due <= told.to && (reason.empty() || reason == told.reason);
  });
}

bool ScheduledWorld::running() const {
  return std::ranges::any_of(snapshots_, [](const auto& entry) { return !op::has_ended(entry.second); });
}

std::string ScheduledWorld::story() const { return fmt::format("{}", fmt::join(story_, "\n")); }

std::vector<Json> ScheduledWorld::snapshots() const {
  std::vector<Json> out;
  for (const auto& [name, object] : snapshots_) out.push_back(object);
  return out;
}

bool ScheduledWorld::alive(int& effects, std::chrono::milliseconds pause) {
  now_ += pause;
  if (effects == kLives) return true;
  if (effects-- > 0) return true;
  story_.push_back(fmt::format("{} the operator dies", kube::rfc3339(now_)));
  return false;
}

void ScheduledWorld::tell(const std::optional<Missed>& missed, Time before) {
  if (missed)
    told_.push_back({missed->first, missed->more ? before - std::chrono::seconds{1} : missed->last, "Missed"});
}

bool ScheduledWorld::fire(const Fire& fire, int& effects, std::chrono::milliseconds pause) {
  tell(fire.earlier, fire.due);
  for (const auto& name : fire.replaced) {
    if (!alive(effects, pause)) return false;
    auto& old = snapshots_.at(name);
    if (!op::has_ended(old)) op::set_condition(old, {"Failed", true, "Replaced", ""}, kube::rfc3339(now_));
  }
  if (!alive(effects, pause)) return false;
  const auto object = snapshot(policy_, fire.due);
  if (!snapshots_.emplace(kube::key_of(object).name, object).second) return true;  // Conflict
  ++creations_[fire.due];
  story_.push_back(fmt::format("{} made the one due at {}", kube::rfc3339(now_), kube::rfc3339(fire.due)));
  return true;
}

void ScheduledWorld::turn(int effects, std::chrono::milliseconds pause) {
  for (;;) {
    const auto decision = plan({policy_, snapshots(), now_});
    if (const auto* f = std::get_if<Fire>(&decision); f != nullptr && !fire(*f, effects, pause)) return;
    if (const auto* s = std::get_if<Skip>(&decision)) {
      tell(s->earlier, s->due);
      told_.push_back({s->due, s->due, s->reason});
      story_.push_back(fmt::format("{} skipped: {}", kube::rfc3339(now_), s->because));
    }
    Json next = policy_;
    record(next, decision, kube::rfc3339(now_));
    if (next != policy_) {
      if (!alive(effects, pause)) return;
      policy_.merge_patch({{"status", next["status"]}});
    }
    const bool leads_on = std::visit(overloaded{[](const Adopt&) { return true; }, [](const Note&) { return true; },
                                                [](const Fire&) { return true; }, [](const Skip&) { return true; },
                                                [](const auto&) { return false; }},
                                     decision);
    if (!leads_on) return;
  }
}

}  // namespace cutline::test
