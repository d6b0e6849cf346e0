#include "operator/schedule/record.hpp"

#include "base/overloaded.hpp"
#include "kube/timestamp.hpp"
#include "operator/api/conditions.hpp"

namespace cutline::op::schedule {
namespace {

constexpr const char* kNext = "nextScheduleTime";
constexpr const char* kLast = "lastScheduleTime";
constexpr const char* kThrough = "scheduledThrough";
constexpr const char* kInEffect = "scheduleInEffect";

void put(Json& policy, const char* field, Time time) { policy["status"][field] = kube::rfc3339(time); }

void drop(Json& policy, const char* field) {
  if (policy.contains("status") && policy["status"].contains(field)) policy["status"][field] = nullptr;
}

void stopped(Json& policy, const char* reason, const std::string& message, const std::string& now) {
  drop(policy, kNext);
  drop(policy, kInEffect);  // what is due until it goes on is not made up for
  set_condition(policy, {"Scheduled", false, reason, message}, now);
}

void running(Json& policy, const std::string& now) {
  set_condition(policy, {"Scheduled", true, "InEffect", "snapshots are made by " + text_of(read_schedule_spec(policy))},
                now);
}

// The condition keeps what it says, of the present generation.
void waiting(Json& policy, Time next, const std::string& now) {
  put(policy, kNext, next);
  const auto* said = find_condition(policy, "Scheduled");
  if (said == nullptr) return running(policy, now);
  set_condition(policy, {"Scheduled", true, said->value("reason", ""), said->value("message", "")}, now);
}

void made(Json& policy, Time due, Time next, const std::string& now) {
  put(policy, kLast, due);
  put(policy, kThrough, due);
  put(policy, kNext, next);
  running(policy, now);
}

}  // namespace

void record(Json& policy, const Decision& decision, const std::string& now) {
  std::visit(overloaded{[&](const Off&) {
                          if (find_condition(policy, "Scheduled") != nullptr)
                            stopped(policy, "NoSchedule", "snapshots are made by hand", now);
                        },
                        [&](const Rest&) { stopped(policy, "Suspended", "spec.suspend is true", now); },
                        [&](const Refuse& refuse) { stopped(policy, refuse.reason.c_str(), refuse.message, now); },
                        [&](const Adopt& adopt) {
                          policy["status"][kInEffect] = text_of(read_schedule_spec(policy));
                          put(policy, kThrough, adopt.from);
                          put(policy, kNext, adopt.next);
                          running(policy, now);
                        },
                        [&](const Wait& wait) { waiting(policy, wait.until, now); },
                        [&](const Skip& skip) {
                          put(policy, kThrough, skip.due);
                          put(policy, kNext, skip.next);
                          set_condition(policy, {"Scheduled", true, skip.reason, skip.because}, now);
                        },
                        [&](const Fire& fire) { made(policy, fire.due, fire.next, now); },
                        [&](const Note& note) { made(policy, note.due, note.next, now); }},
             decision);
}

void record_made(Json& policy, Time due) {
  const auto last = kube::parse_time(kube::string_at(policy, "/status/lastScheduleTime"));
  if (!last || *last < due) put(policy, kLast, due);
}

Json snapshot(const Json& policy, Time due) {
  const auto key = kube::key_of(policy);
  return {{"apiVersion", "cutline.dev/v1alpha1"},
          {"kind", "DistributedSnapshot"},
          {"metadata",
           {{"namespace", key.ns},
            {"name", snapshot_name(key.name, due)},
            {"labels", {{kPolicyLabel, key.name}}},
            {"annotations", {{kScheduledAt, kube::rfc3339(due)}}}}},
          {"spec", {{"policyRef", {{"name", key.name}}}}}};
}

std::optional<Time> marked_through(const Json& policy) {
  return kube::parse_time(kube::string_at(policy, "/status/scheduledThrough"));
}

std::string in_effect(const Json& policy) { return kube::string_at(policy, "/status/scheduleInEffect"); }

std::string text_of(const ScheduleSpec& spec) {
  return fmt::format("{} {}", spec.expression, spec.zone.empty() ? "UTC" : spec.zone);
}

std::string told(const Missed& missed) {
  const auto when = missed.count == 1
                        ? fmt::format("the snapshot due at {} was", kube::rfc3339(missed.first))
                        : fmt::format("{}{} snapshots due from {} to {} were", missed.more ? "more than " : "",
                                      missed.count, kube::rfc3339(missed.first), kube::rfc3339(missed.last));
  return when + " missed, as the operator did not look in time; only the latest is made up for";
}

}  // namespace cutline::op::schedule
