#include "operator/retention/plan.hpp"

#include <set>

#include "kube/timestamp.hpp"
#include "operator/api/conditions.hpp"
#include "operator/repository/durable.hpp"
#include "operator/snapshot/plan.hpp"

namespace cutline::op::retention {
namespace {

constexpr std::size_t kFailedKept = 3;

struct Candidate {
  const Json* snapshot = nullptr;
  std::string name;
  Time at;  // when it was committed
  std::uint64_t bytes = 0;
  std::string goes;  // why; empty: it stays
};

Candidate candidate(const Json& snapshot, const char* condition) {
  const auto* since = find_condition(snapshot, condition);
  return {&snapshot,
          kube::key_of(snapshot).name,
          kube::parse_time(since->value("lastTransitionTime", "")).value_or(Time{}),
          snapshot.value(Json::json_pointer("/status/bytes"), std::uint64_t{0}),
          {}};
}

// Oldest first. Epochs grow; times of the same second do not.
std::vector<Candidate> candidates(const Observed& o, const char* condition) {
  const auto policy = kube::key_of(o.policy).name;
  std::vector<Candidate> out;
  for (const auto& snapshot : o.snapshots)
    if (read_snapshot_spec(snapshot).policy == policy && is_true(snapshot, condition) &&
        !kube::is_being_deleted(snapshot))
      out.push_back(candidate(snapshot, condition));
  std::ranges::stable_sort(out, {},
                           [](const Candidate& c) { return std::pair{snapshot::recorded_epoch(*c.snapshot), c.at}; });
  return out;
}

// Newest first, until every pod that lives was seen in one of them: those that are the newest of some pod; with the one
// that holds all the pods, if there is such a one, all that were looked at.
std::set<std::string> the_line(const Observed& o, const std::vector<Candidate>& all) {
  std::set<std::string> newest, looked_at;
  std::set<std::string> missing;
  for (const auto& pod : o.pods) missing.insert(pod.value);
  for (auto c = all.rbegin(); c != all.rend(); ++c) {
    std::size_t held = 0;
    bool first = newest.empty();
    for (const auto& member : c->snapshot->value(Json::json_pointer("/status/members"), Json::array())) {
      const auto uid = member.value("uid", "");
      held += std::ranges::count(o.pods, PodUid{uid}) > 0 ? 1 : 0;
      first = missing.erase(uid) > 0 || first;
    }
    looked_at.insert(c->name);
    if (first) newest.insert(c->name);
    if (held == o.pods.size()) return looked_at;
  }
  return newest;
}

std::set<std::string> protected_names(const Observed& o, const std::vector<Candidate>& all) {
  auto out = the_line(o, all);
  const auto durable =
      std::find_if(all.rbegin(), all.rend(), [](const Candidate& c) { return is_true(*c.snapshot, "Durable"); });
  if (durable != all.rend()) out.insert(durable->name);
  for (const auto& c : all)
    if (read_snapshot_spec(*c.snapshot).pinned || repository::is_on_its_way(*c.snapshot)) out.insert(c.name);
  for (const auto& rollback : o.rollbacks) {
    if (has_ended(rollback) || read_rollback_spec(rollback).dry_run) continue;
    out.insert(kube::string_at(rollback, "/status/to"));
    if (const auto named = read_rollback_spec(rollback).snapshot) out.insert(*named);
  }
  return out;
}

// What neither rule names; without either all are named.
void apply_names(std::vector<Candidate>& all, const RetentionSpec& rule, Time now) {
  if (!rule.keep_last && !rule.keep_within) return;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool recent = rule.keep_last && all.size() - i <= static_cast<std::size_t>(*rule.keep_last);
    const bool young = rule.keep_within && now - all[i].at <= *rule.keep_within;
    if (!recent && !young) all[i].goes = "neither keepLast nor keepWithin keeps it";
  }
}

void apply_ceiling(std::vector<Candidate>& all, const RetentionSpec& rule, const std::set<std::string>& stay) {
  if (!rule.max_bytes) return;
  std::uint64_t total = 0;
  for (const auto& c : all)
    if (c.goes.empty()) total += c.bytes;
  for (auto& c : all) {
    if (total <= *rule.max_bytes) return;
    if (!c.goes.empty() || stay.contains(c.name)) continue;
    c.goes = fmt::format("all together were larger than maxBytes ({} of {})", total, *rule.max_bytes);
    total -= c.bytes;
  }
}

void add_failed(Plan& out, const Observed& o) {
  const auto failed = candidates(o, "Failed");
  for (std::size_t i = 0; i + kFailedKept < failed.size(); ++i)
    if (!read_snapshot_spec(*failed[i].snapshot).pinned)
      out.removals.push_back({failed[i].name, 0, "it has failed, and newer ones have too"});
}

}  // namespace

Plan plan(const Observed& o) {
  const auto rule = read_retention_spec(o.policy);
  auto all = candidates(o, "Committed");
  const auto stay = protected_names(o, all);
  if (rule) {
    apply_names(all, *rule, o.now);
    for (auto& c : all)
      if (stay.contains(c.name)) c.goes.clear();
    apply_ceiling(all, *rule, stay);
  }
  Plan out{.dry_run = rule && rule->dry_run};
  for (auto& c : all) {
    if (!c.goes.empty()) {
      out.removals.push_back({c.name, c.bytes, std::move(c.goes)});
      continue;
    }
    ++out.kept;
    out.kept_bytes += c.bytes;
  }
  if (rule) add_failed(out, o);
  return out;
}

}  // namespace cutline::op::retention
