#include "operator/api/spec.hpp"

#include "operator/api/resources.hpp"
#include "operator/api/text.hpp"

namespace cutline::op {
namespace {

using Pointer = Json::json_pointer;

std::optional<std::string> text(const Json& object, const char* pointer) {
  const Pointer where{pointer};
  if (!object.contains(where) || !object.at(where).is_string()) return std::nullopt;
  return object.at(where).get<std::string>();
}

bool truth(const Json& object, const char* pointer) { return object.value(Pointer{pointer}, false); }

Json part(const Json& object, const char* pointer, Json otherwise) {
  return object.contains(Pointer{pointer}) ? object.at(Pointer{pointer}) : std::move(otherwise);
}

std::vector<std::string> strings(const Json& list) {
  std::vector<std::string> out;
  for (const auto& item : list)
    if (item.is_string()) out.push_back(item.get<std::string>());
  return out;
}

Millis duration(const Json& object, const char* pointer, Millis otherwise) {
  const auto written = text(object, pointer);
  return written ? parse_duration(*written).value_or(otherwise) : otherwise;
}

int number(const Json& object, const char* pointer, int otherwise) { return object.value(Pointer{pointer}, otherwise); }

IncrementalSpec read_incremental(const Json& object) {
  return {text(object, "/spec/initiator").value_or(text(object, "/spec/incremental/initiator").value_or("")),
          text(object, "/spec/incremental/closure") == "Paper", number(object, "/spec/incremental/fullEvery", 12)};
}

IndependentSpec read_independent(const Json& object) {
  return {duration(object, "/spec/independent/interval", Millis{30'000}),
          duration(object, "/spec/independent/jitter", Millis{0}), truth(object, "/spec/independent/allowRestart"),
          text(object, "/spec/independent/lost") == "Allow"};
}

std::vector<protocol::Hook> read_hooks(const Json& object, const char* list) {
  std::vector<protocol::Hook> out;
  for (const auto& hook : part(object, list, Json::array()))
    out.push_back({hook.value("container", ""), strings(hook.value("command", Json::array())),
                   duration(hook, "/timeout", Millis{10'000}), hook.value("failurePolicy", "Fail") == "Ignore"});
  return out;
}

}  // namespace

RecoverySpec read_recovery_spec(const Json& policy) {
  return {text(policy, "/spec/recovery/mode") == "Automatic", number(policy, "/spec/recovery/limit", 3),
          duration(policy, "/spec/recovery/backoff", Millis{10'000})};
}

std::optional<RetentionSpec> read_retention_spec(const Json& policy) {
  if (!policy.contains(Pointer{"/spec/retention"})) return std::nullopt;
  const auto& rule = policy.at(Pointer{"/spec/retention"});
  RetentionSpec out;
  if (rule.contains("keepLast")) out.keep_last = number(policy, "/spec/retention/keepLast", 1);
  if (rule.contains("keepWithin")) out.keep_within = duration(policy, "/spec/retention/keepWithin", Millis::max());
  if (const auto size = rule.find("maxBytes"); size != rule.end())
    out.max_bytes =
        size->is_string() ? parse_size(size->get<std::string>()).value_or(UINT64_MAX) : size->get<std::uint64_t>();
  out.dry_run = rule.value("dryRun", false);
  return out;
}

ScheduleSpec read_schedule_spec(const Json& policy) {
  ScheduleSpec out{text(policy, "/spec/schedule").value_or(""), text(policy, "/spec/timeZone").value_or(""),
                   truth(policy, "/spec/suspend"), text(policy, "/spec/concurrencyPolicy") == "Replace", std::nullopt};
  if (const auto seconds = number(policy, "/spec/startingDeadlineSeconds", 0); seconds > 0)
    out.starting_deadline = std::chrono::seconds{seconds};
  return out;
}

SaveSpec read_save_spec(const Json& object) {
  SaveSpec out;
  out.selector = kube::read_selector(part(object, "/spec/selector", Json::object()));
  out.protocol = text(object, "/spec/protocol").value_or("Coordinated");
  out.incremental = read_incremental(object);
  out.independent = read_independent(object);
  out.deadline = duration(object, "/spec/deadline", out.deadline);
  const bool open = object.value(Pointer{"/metadata/annotations"}, Json::object()).value(kTestGate, "") == "Open";
  const bool drop = text(object, "/spec/gate") == "Drop";
  out.options.gate = open ? protocol::GateKind::Open : drop ? protocol::GateKind::Drop : protocol::GateKind::Queue;
  out.hooks = {read_hooks(object, "/spec/hooks/beforeFreeze"), read_hooks(object, "/spec/hooks/afterThaw"),
               read_hooks(object, "/spec/hooks/afterRollback")};
  for (const auto& volume : part(object, "/spec/volumes", Json::array()))
    if (volume.value("capture", "Copy") == "Copy")
      out.options.volumes.push_back({volume.value("container", ""), volume.value("path", "")});
  return out;
}

SnapshotSpec read_snapshot_spec(const Json& object) {
  SnapshotSpec out;
  out.policy = text(object, "/spec/policyRef/name");
  if (!out.policy) out.inline_spec = read_save_spec(object);
  out.protocol = text(object, "/spec/protocol");
  out.initiator = text(object, "/spec/initiator");
  out.pinned = truth(object, "/spec/pinned");
  if (object.contains(Pointer{"/spec/importFrom"}))
    out.import = ImportSpec{text(object, "/spec/importFrom/repositoryRef/name").value_or(""),
                            text(object, "/spec/importFrom/namespace").value_or(kube::key_of(object).ns),
                            text(object, "/spec/importFrom/snapshot").value_or("")};
  return out;
}

RollbackSpec read_rollback_spec(const Json& object) {
  return {text(object, "/spec/policyRef/name"), text(object, "/spec/to/snapshot"),
          truth(object, "/spec/to/latest"),     text(object, "/spec/to/before"),
          truth(object, "/spec/dryRun"),        strings(part(object, "/spec/pods", Json::array()))};
}

std::vector<std::string> not_implemented(const Json& object) {
  std::vector<std::string> out;
  const auto name_if = [&](bool asked, const char* field) {
    if (asked) out.emplace_back(field);
  };
  const bool alone = text(object, "/spec/protocol") == "Independent";  // no moment is before all of them freeze
  name_if(alone && object.contains(Pointer{"/spec/hooks/beforeFreeze"}),
          "spec.hooks.beforeFreeze with protocol Independent");
  name_if(alone && object.contains(Pointer{"/spec/hooks/afterThaw"}), "spec.hooks.afterThaw with protocol Independent");
  return out;
}

}  // namespace cutline::op
