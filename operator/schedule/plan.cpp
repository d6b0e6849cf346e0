#include "operator/schedule/plan.hpp"

#include "kube/timestamp.hpp"
#include "operator/api/conditions.hpp"
#include "operator/schedule/record.hpp"

namespace cutline::op::schedule {
namespace {

constexpr int kCounted = 100;

std::optional<Time> due_of(const Json& snapshot) {
  const auto annotations = snapshot.value(Json::json_pointer("/metadata/annotations"), Json::object());
  return kube::parse_time(annotations.value(kScheduledAt, ""));
}

// The latest due time whose snapshot is there.
std::optional<Time> latest_made(const Observed& o) {
  const auto key = kube::key_of(o.policy);
  std::optional<Time> out;
  for (const auto& snapshot : o.snapshots) {
    const auto due = due_of(snapshot);
    const bool ours = due && kube::key_of(snapshot).name == snapshot_name(key.name, *due) && *due <= o.now + kSkew;
    if (ours) out = std::max(out, due);
  }
  return out;
}

// Snapshots of this schedule that have not ended. One that somebody deletes is on its way out.
std::vector<const Json*> running(const Observed& o) {
  std::vector<const Json*> out;
  for (const auto& snapshot : o.snapshots)
    if (due_of(snapshot) && !has_ended(snapshot) && !kube::is_being_deleted(snapshot)) out.push_back(&snapshot);
  return out;
}

std::optional<Missed> missed(const Timetable& table, Time after, Time due) {
  std::optional<Missed> out;
  for (auto t = table.next(after); t < due; t = table.next(t)) {
    if (!out) out = Missed{t, t};
    if (out->count == kCounted) {
      out->more = true;
      break;
    }
    ++out->count;
    out->last = t;
  }
  return out;
}

Decision decide_due(const Observed& o, const ScheduleSpec& spec, const Timetable& table, Time through, Time due) {
  const auto next = table.next(due);
  auto earlier = missed(table, through, due);
  if (spec.starting_deadline && o.now > due + *spec.starting_deadline)
    return Skip{due, next, "MissedDeadline",
                fmt::format("the snapshot due at {} was not begun within spec.startingDeadlineSeconds ({} s)",
                            kube::rfc3339(due), spec.starting_deadline->count()),
                std::move(earlier)};
  const auto before = running(o);
  if (!before.empty() && !spec.replace)
    return Skip{
        due, next, "StillRunning",
        fmt::format("the snapshot due at {} is left out: {} has not ended, and spec.concurrencyPolicy is Forbid",
                    kube::rfc3339(due), kube::key_of(*before.front()).name),
        std::move(earlier)};
  Fire out{due, next, {}, std::move(earlier)};
  for (const auto* snapshot : before)
    if (!is_true(*snapshot, "Committed"))
      out.replaced.push_back(kube::key_of(*snapshot).name);  // else its gates are being opened
  return out;
}

Result<Timetable> timetable(const Json& policy, const ScheduleSpec& spec) {
  auto schedule = parse(spec.expression);
  if (!schedule) return tl::unexpected(schedule.error());
  const auto anchor = kube::parse_time(kube::string_at(policy, "/metadata/creationTimestamp"));
  return Timetable{std::move(*schedule), {}, anchor.value_or(Time{})};
}

// From when a schedule counts that is not in effect yet. A policy that was never changed has had its schedule from the
// beginning.
Time adopted_from(const Observed& o, Time now) {
  const bool first = !marked_through(o.policy) && o.policy.value(Json::json_pointer("/metadata/generation"), 0) == 1;
  const auto made = kube::parse_time(kube::string_at(o.policy, "/metadata/creationTimestamp"));
  return first ? made.value_or(now) : now;
}

}  // namespace

std::string snapshot_name(const std::string& policy, Time due) {
  return fmt::format("{}-{}", policy, due.time_since_epoch().count());
}

Decision plan(const Observed& o) {
  const auto spec = read_schedule_spec(o.policy);
  if (spec.expression.empty() || read_save_spec(o.policy).protocol == "Independent") return Off{};
  if (spec.suspended) return Rest{};
  auto table = timetable(o.policy, spec);
  if (!table) return Refuse{"InvalidSchedule", table.error().message};
  auto zone = Zone::find(spec.zone);
  if (!zone) return Refuse{"InvalidTimeZone", zone.error().message};
  table->zone = *zone;

  const auto now = std::chrono::floor<std::chrono::seconds>(o.now);
  const auto through = marked_through(o.policy);
  if (!through || in_effect(o.policy) != text_of(spec) || *through > now + kSkew) {
    const auto from = adopted_from(o, now);
    return Adopt{from, table->next(from)};
  }
  if (const auto made = latest_made(o); made && *made > *through) return Note{*made, table->next(*made)};
  const auto due = table->latest(*through, now);
  return due ? decide_due(o, spec, *table, *through, *due) : Decision{Wait{table->next(*through)}};
}

}  // namespace cutline::op::schedule
