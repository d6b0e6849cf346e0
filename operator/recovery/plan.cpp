#include "operator/recovery/plan.hpp"

#include <algorithm>

#include "kube/timestamp.hpp"
#include "operator/api/conditions.hpp"
#include "operator/snapshot/plan.hpp"

namespace cutline::op::recovery {
namespace {

bool open(const Json& rollback, const std::string& policy) {
  const auto spec = read_rollback_spec(rollback);
  return spec.policy == policy && !spec.dry_run && !has_ended(rollback);
}

Time read(const std::string& time) { return kube::parse_time(time).value_or(std::chrono::sys_seconds{}); }

Time made(const Json& object) { return read(kube::string_at(object, "/metadata/creationTimestamp")); }

Time ending(const Json& rollback) {
  Time last = made(rollback);
  for (const auto* type : {"Failed", "Released"})
    if (const auto* condition = find_condition(rollback, type))
      last = std::max(last, read(condition->value("lastTransitionTime", "")));
  return last;
}

bool automatic(const Json& rollback, const Json& policy) {
  const auto labels = rollback.value(Json::json_pointer("/metadata/labels"), Json::object());
  return labels.value(kAutomatic, "") == kube::key_of(policy).name;
}

// "ledger-auto-7" -> 7.
std::uint64_t number_of(const Json& rollback) {
  const auto name = kube::key_of(rollback).name;
  return std::strtoull(name.substr(name.rfind('-') + 1).c_str(), nullptr, 10);
}

// The moment after which the workload has made progress that a crash loop would not.
Time progress(const Observed& o) {
  const auto save = read_save_spec(o.policy);
  if (save.protocol == "Independent") return o.now - 2 * (save.independent.interval + save.independent.jitter);
  Time last{};
  for (const auto& snapshot : o.snapshots)
    if (read_snapshot_spec(snapshot).policy == kube::key_of(o.policy).name)
      if (const auto* committed = find_condition(snapshot, "Committed");
          committed != nullptr && is_true(snapshot, "Committed"))
        last = std::max(last, read(committed->value("lastTransitionTime", "")));
  return last;
}

struct Past {
  std::uint64_t highest = 0;  // number of any automatic rollback
  int fruitless = 0;          // those since the last progress
  Time last{};                // end of the latest of these
};

Past past(const Observed& o) {
  const auto since = progress(o);
  Past out;
  for (const auto& rollback : o.rollbacks) {
    if (!automatic(rollback, o.policy)) continue;
    out.highest = std::max(out.highest, number_of(rollback));
    if (made(rollback) <= since) continue;
    ++out.fruitless;
    out.last = std::max(out.last, ending(rollback));
  }
  return out;
}

std::vector<std::string> outdated(const Observed& o, std::uint64_t highest) {
  const auto kept = kKept + static_cast<std::uint64_t>(read_recovery_spec(o.policy).limit);
  std::vector<std::string> out;
  for (const auto& rollback : o.rollbacks)
    if (automatic(rollback, o.policy) && has_ended(rollback) && number_of(rollback) + kept <= highest)
      out.push_back(kube::key_of(rollback).name);
  return out;
}

std::string told(const std::vector<Failed>& failures) {
  std::vector<std::string> out;
  for (const auto& f : failures)
    out.push_back(fmt::format("pod {}, container {}: {}", f.pod, f.what.container, f.what.how));
  return fmt::format("{}", fmt::join(out, "; "));
}

}  // namespace

Decision plan(const Observed& o) {
  const auto name = kube::key_of(o.policy).name;
  if (std::ranges::any_of(o.rollbacks, [&](const Json& r) { return open(r, name); })) return Underway{};
  if (o.failures.empty()) return Healthy{};
  const auto spec = read_recovery_spec(o.policy);
  const auto before = past(o);
  const auto because = told(o.failures);
  if (before.fruitless >= spec.limit)
    return GiveUp{
        fmt::format("{}; {} rollbacks without a new checkpoint in between did not help. Mend the cause, then make a "
                    "Rollback by hand",
                    because, before.fruitless)};
  if (before.fruitless > 0) {
    const auto until = before.last + spec.backoff * (std::int64_t{1} << std::min(before.fruitless - 1, 20));
    if (o.now < until) return Wait{until, because};
  }
  Start out{fmt::format("{}-auto-{}", name, before.highest + 1), {}, because, outdated(o, before.highest)};
  for (const auto& failed : o.failures) out.pods.insert(failed.pod);
  return out;
}

Json rollback(const Json& policy, const Start& start) {
  const auto key = kube::key_of(policy);
  Json pods = Json::array();
  for (const auto& pod : start.pods) pods.push_back(pod);
  return {{"apiVersion", "cutline.dev/v1alpha1"},
          {"kind", "Rollback"},
          {"metadata",
           {{"namespace", key.ns},
            {"name", start.name},
            {"labels", {{kAutomatic, key.name}}},
            {"annotations", {{"cutline.dev/because", start.because}}}}},
          {"spec", {{"policyRef", {{"name", key.name}}}, {"to", {{"latest", true}}}, {"pods", std::move(pods)}}}};
}

}  // namespace cutline::op::recovery
