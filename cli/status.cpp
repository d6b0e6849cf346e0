#include "cli/status.hpp"

#include "cli/words.hpp"

namespace cutline::cli {
namespace {

const Snapshot* newest(const std::vector<const Snapshot*>& snapshots, bool committed) {
  for (auto it = snapshots.rbegin(); it != snapshots.rend(); ++it)
    if (!committed || (*it)->conditions.is("Committed")) return *it;
  return nullptr;
}

const Snapshot* last_begun(const Namespace& ns, const Policy& policy, const std::vector<const Snapshot*>& snapshots) {
  const auto* named = ns.find_snapshot(policy.last_snapshot);
  return named != nullptr ? named : newest(snapshots, false);
}

const Rollback* last_rollback(const Namespace& ns, const Policy& policy) {
  const Rollback* last = nullptr;
  for (const auto& r : ns.rollbacks)
    if (!r.dry_run && ns.policy_of(r) == &policy && (last == nullptr || r.created > last->created)) last = &r;
  return last;
}

std::string describe(const Snapshot& s, Time now) {
  if (const auto* failed = s.conditions.find("Failed"); failed != nullptr && failed->status)
    return fmt::format("{}, failed {}: {}", s.name, ago(failed->since, now), failed->message);
  const auto* committed = s.conditions.find("Committed");
  if (committed == nullptr || !committed->status) return fmt::format("{}, begun {}", s.name, ago(s.created, now));
  auto out = fmt::format("{}, committed {}, {}", s.name, ago(committed->since, now), bytes(s.bytes));
  if (!s.held.empty()) out += ", traffic held for " + s.held;
  if (s.has_proof)
    out += fmt::format("; {}, {} in transit, {}", count(s.connections, "connection"), bytes(s.in_transit),
                       s.orphans == 0 ? "no orphan" : count(s.orphans, "orphan"));
  return out;
}

std::string phase(const Rollback& r) {
  const auto said = [&](const char* type) { return r.conditions.is(type); };
  if (said("Restored")) return "processes are back, gates are being opened";
  if (said("Irrevocable")) return r.members_restored.empty() ? "being restored" : r.members_restored + " restored";
  if (const auto* planned = r.conditions.find("Planned"))
    return planned->status ? "members verify their checkpoints" : "waits: " + planned->message;
  return "the operator has not looked at it yet";
}

std::string describe(const Rollback& r, Time now) {
  if (const auto* failed = r.conditions.find("Failed"); failed != nullptr && failed->status)
    return fmt::format("{} failed {} ({}): {}", r.name, ago(failed->since, now), failed->reason, failed->message);
  if (const auto* released = r.conditions.find("Released"); released != nullptr && released->status)
    return fmt::format("{} done {}, {}, domino depth {}{}", r.name, ago(released->since, now),
                       count(r.plan.size(), "pod"), r.domino_depth,
                       r.held.empty() ? "" : ", traffic held for " + r.held);
  return fmt::format("{} under way since {}: {}", r.name, r.created ? lasts(now - *r.created) : "an unknown time",
                     phase(r));
}

std::vector<std::string> to_do(const Namespace& ns, const Policy& policy, const Snapshot* last,
                               const Rollback* rollback) {
  std::vector<std::string> out;
  const auto* ready = policy.conditions.find("Ready");
  if (ready == nullptr)
    out.push_back(
        "the operator has not looked at this policy yet; if that stays so, see that it runs: kubectl get deploy -A -l "
        "app.kubernetes.io/name=cutline");
  else if (!ready->status)
    out.push_back(fmt::format("no snapshot can be taken now ({}): {}", ready->reason, ready->message));
  if (const auto* line = policy.conditions.find("Recoverable"); line != nullptr && !line->status)
    out.push_back(fmt::format("the workload could not be taken back now: {}", line->message));
  if (const auto* scheduled = policy.conditions.find("Scheduled");
      scheduled != nullptr && !scheduled->status && scheduled->reason.starts_with("Invalid"))
    out.push_back(fmt::format("the schedule does not run: {}", scheduled->message));
  if (const auto* missing = policy.conditions.find("NotImplemented"); missing != nullptr && missing->status)
    out.push_back(missing->message);
  const auto* failed = rollback != nullptr ? rollback->conditions.find("Failed") : nullptr;
  const bool held = failed != nullptr && failed->status && rollback->conditions.is("Irrevocable");
  if (held)
    out.push_back(
        fmt::format("rollback {} stopped half way and the gates of its pods are closed: make another Rollback, to the "
                    "same or an earlier line. See "
                    "where it would lead: kubectl cutline plan -n {} --policy {}",
                    rollback->name, ns.name, policy.name));
  else if (failed != nullptr && failed->status)
    out.push_back(fmt::format(
        "rollback {} failed and nothing was touched: mend what it names, then make another Rollback", rollback->name));
  if (const auto* recovering = policy.conditions.find("Recovering");
      recovering != nullptr && !recovering->status && recovering->reason == "LimitReached")
    out.push_back(fmt::format("automatic recovery has given up: {}", recovering->message));
  if (last != nullptr && last->conditions.is("Failed"))
    out.push_back(fmt::format(
        "the last snapshot failed ({}): mend what it names; kubectl describe dsnap -n {} {} has the findings",
        last->conditions.find("Failed")->reason, ns.name, last->name));
  const auto gone = std::ranges::count_if(policy.line, [&](const LinePoint& point) {
    return std::ranges::find(ns.pods, point.uid, &Pod::uid) == ns.pods.end();
  });
  if (gone != 0 && !ns.pods.empty())
    out.push_back(
        fmt::format("{} of the recovery line {} gone or replaced, and a rollback into new pods may be refused: save "
                    "the workload as it is now",
                    count(static_cast<std::size_t>(gone), "pod"), gone == 1 ? "is" : "are"));
  if (last == nullptr && policy.protocol != "Independent" && policy.line.empty())
    out.push_back(fmt::format("nothing is saved yet: make a DistributedSnapshot with policyRef {}", policy.name));
  return out;
}

std::vector<std::string> under_way(const std::vector<const Snapshot*>& snapshots, Time now) {
  std::vector<std::string> out;
  for (const auto* s : snapshots)
    if (!s->ended())
      out.push_back(fmt::format("snapshot {}, {}for {}", s->name,
                                s->members_ready.empty() ? "" : s->members_ready + " saved, ",
                                s->created ? lasts(now - *s->created) : "an unknown time"));
  return out;
}

std::string recovery(const Policy& policy) {
  const auto mode = policy.recovery_mode.empty() ? std::string{"Manual"} : policy.recovery_mode;
  const auto* recovering = policy.conditions.find("Recovering");
  if (recovering == nullptr) return mode;
  return fmt::format("{}, {} ({}): {}", mode, recovering->status ? "recovering" : "not recovering", recovering->reason,
                     recovering->message);
}

std::string pods(const Namespace& ns, const Policy& policy) {
  std::vector<std::vector<std::string>> rows{{"POD", "NODE", "CHECKPOINTS", "NEWEST", "BYTES", "LINE"}};
  for (const auto& pod : ns.members_of(policy)) {
    const auto all = ns.checkpoints_of(pod.uid);
    constexpr std::size_t kShown = 6;
    std::vector<std::string> indices;
    std::uint64_t total = 0;
    for (const auto* c : all) total += c->bytes;
    for (auto i = all.size() > kShown ? all.size() - kShown : 0; i < all.size(); ++i)
      indices.push_back(std::to_string(all[i]->index));
    const auto point = std::ranges::find(policy.line, pod.uid, &LinePoint::uid);
    std::string line = "-";
    if (point != policy.line.end())
      line = point->checkpoint == 0
                 ? "start"
                 : fmt::format("{}{}", point->checkpoint, point->snapshot.empty() ? "" : " (" + point->snapshot + ")");
    rows.push_back(
        {pod.name, pod.node.empty() ? "gone" : pod.node,
         indices.empty() ? "none" : fmt::format("{}{}", all.size() > kShown ? "... " : "", fmt::join(indices, " ")),
         all.empty() ? "-" : ago(all.back()->created, ns.now), all.empty() ? "-" : bytes(total), line});
  }
  return rows.size() > 1 ? "\n" + table(rows, "  ") : "";
}

std::string line_of(const Namespace& ns, const Policy& policy) {
  if (policy.line.empty() && policy.recovery_line.empty()) return "none";
  if (policy.recovery_line.empty())
    return fmt::format("of {}, each at a checkpoint of its own", count(policy.line.size(), "pod"));
  const auto* s = ns.find_snapshot(policy.recovery_line);
  const auto* committed = s != nullptr ? s->conditions.find("Committed") : nullptr;
  return committed != nullptr ? fmt::format("{}, {}", policy.recovery_line, ago(committed->since, ns.now))
                              : policy.recovery_line;
}

}  // namespace

Report status(const Namespace& ns, const Policy& policy) {
  const auto snapshots = ns.snapshots_of(policy.name);
  const auto* last = last_begun(ns, policy, snapshots);
  const auto* rollback = last_rollback(ns, policy);
  const auto* ready = policy.conditions.find("Ready");
  std::vector<std::vector<std::string>> rows;
  rows.push_back({"ready", ready == nullptr ? "not known yet"
                           : ready->status  ? ready->message
                                            : "no: " + ready->message});
  if (policy.suspended)
    rows.push_back({"schedule", "suspended"});
  else if (!policy.next_schedule.empty())
    rows.push_back({"schedule", "next at " + policy.next_schedule});
  if (last != nullptr)
    rows.push_back({"last snapshot", describe(*last, ns.now)});
  else if (policy.protocol != "Independent")
    rows.push_back({"last snapshot", "none"});
  rows.push_back({"recovery line", line_of(ns, policy)});
  for (const auto& round : under_way(snapshots, ns.now)) rows.push_back({"under way", round});
  rows.push_back({"recovery", recovery(policy)});
  if (rollback != nullptr) rows.push_back({"last rollback", describe(*rollback, ns.now)});

  Report out{fmt::format("{}  ({}, {})\n{}{}", policy.name, policy.protocol, count(policy.members, "member"),
                         table(rows, "  "), pods(ns, policy)),
             true};
  const auto advice = to_do(ns, policy, last, rollback);
  for (const auto& line : advice)
    out.text += fmt::format("{}  ! {}\n", out.healthy ? "\n" : "", line), out.healthy = false;
  return out;
}

}  // namespace cutline::cli
