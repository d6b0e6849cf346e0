#include "operator/rollback/plan.hpp"

#include <charconv>

#include "operator/api/conditions.hpp"
#include "operator/api/resources.hpp"
#include "operator/snapshot/plan.hpp"

namespace cutline::op::rollback {
namespace {

using protocol::rollback::Phase;

constexpr std::chrono::seconds kPatience{60};  // for containers that are being restarted

bool usable(const Json& snapshot) {
  return is_true(snapshot, "Committed") && !snapshot.contains(Json::json_pointer("/metadata/deletionTimestamp"));
}

// The recovery line of a coordinated workload is its last committed snapshot.
Result<const Json*> choose(const RollbackSpec& spec, const std::vector<Json>& snapshots) {
  if (spec.snapshot) {
    const auto named = std::ranges::find_if(snapshots, [&](const Json& s) { return kube::key_of(s).name == *spec.snapshot; });
    if (named == snapshots.end()) return fail(Code::NotFound, "there is no DistributedSnapshot {} in this namespace", *spec.snapshot);
    if (!usable(*named)) return fail(Code::Invalid, "DistributedSnapshot {} is not committed: there is nothing to go back to", *spec.snapshot);
    return &*named;
  }
  const Json* last = nullptr;
  for (const auto& snapshot : snapshots) {
    if (!usable(snapshot) || read_snapshot_spec(snapshot).policy != spec.policy) continue;
    if (last == nullptr || snapshot::recorded_epoch(snapshot) > snapshot::recorded_epoch(*last)) last = &snapshot;
  }
  if (last == nullptr) return fail(Code::NotFound, "no recovery line: policy {} has no committed snapshot", spec.policy.value_or("(none)"));
  return last;
}

std::string because(const RollbackSpec& spec) {
  return spec.snapshot ? "the snapshot was named" : "it is the most recent distributed snapshot";
}

// "10.0.0.1:80" or "[fd00::1]:80".
protocol::Endpoint endpoint(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return {};
  auto address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  std::uint16_t port = 0;
  std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
  return {std::move(address), port};
}

// The snapshot's connections of a pod to outside of the workload. They are written down with the snapshot, for good.
std::vector<protocol::Connection> external_of(const Json& list, const std::string& pod) {
  std::vector<protocol::Connection> out;
  for (const auto& c : list)
    if (c.value("pod", "") == pod) out.push_back({endpoint(c.value("local", "")), endpoint(c.value("remote", ""))});
  return out;
}

Json external_list(const Json& object) { return object.value(Json::json_pointer("/status/external"), Json::array()); }

Result<Line> line_of(const Json& snapshot, const RollbackSpec& spec, const std::vector<Pod>& pods) {
  Line out{kube::key_of(snapshot).name, {}};
  for (const auto& member : snapshot.at(Json::json_pointer("/status/members"))) {
    const auto name = member.value("pod", "");
    const auto pod = std::ranges::find_if(pods, [&](const Pod& p) { return p.uid.value == member.value("uid", ""); });
    if (pod == pods.end() || pod->ending)
      return fail(Code::Unsupported, "pod {} of the snapshot is gone or was replaced; rollback into new pods is not carried out by this version yet", name);
    if (!pod->sidecar_ready || pod->addresses.empty()) return fail(Code::Unavailable, "pod {}: its sidecar is not ready yet", name);
    if (!pod->not_running.empty()) return fail(Code::Unavailable, "pod {}: container {} is not running", name, pod->not_running.front());
    out.entries.push_back({*pod, {snapshot::recorded_epoch(snapshot), member.value("digest", ""), external_of(external_list(snapshot), name)}, "present",
                           fmt::format("{}, checkpoint {}", out.snapshot, member.value("checkpoint", 0)), because(spec)});
  }
  return out;
}

// The plan was made durable before anything was touched: the successor of a dead coordinator follows it to the letter.
Line recorded_line(const Json& object, const std::vector<Json>& snapshots, const std::vector<Pod>& pods) {
  Line out{kube::string_at(object, "/status/to"), {}};
  const auto snapshot = std::ranges::find_if(snapshots, [&](const Json& s) { return kube::key_of(s).name == out.snapshot; });
  const auto external = snapshot == snapshots.end() ? Json::array() : external_list(*snapshot);
  for (const auto& entry : object.at(Json::json_pointer("/status/plan"))) {
    Pod pod{.uid = PodUid{entry.value("uid", "")}, .name = entry.value("pod", "")};
    const auto now = std::ranges::find_if(pods, [&](const Pod& p) { return p.uid == pod.uid; });
    if (now != pods.end()) pod = *now;
    auto closed = external_of(external, pod.name);
    out.entries.push_back({std::move(pod), {Epoch{entry.value("epoch", std::uint64_t{0})}, entry.value("digest", ""), std::move(closed)},
                           entry.value("from", ""), entry.value("to", ""), entry.value("because", "")});
  }
  return out;
}

Phase recorded_phase(const Json& object) {
  if (is_true(object, "Restored")) return Phase::Released;
  return is_true(object, "Irrevocable") ? Phase::Restoring : Phase::Reserved;
}

}  // namespace

Decision plan(const Observed& o) {
  const auto spec = read_rollback_spec(o.object);
  const bool deleting = o.object.contains(Json::json_pointer("/metadata/deletionTimestamp"));
  if (is_true(o.object, "Failed") || is_true(o.object, "Released")) return Nothing{};
  if (const auto epoch = snapshot::recorded_epoch(o.object); value(epoch) != 0)
    return Recover{recorded_line(o.object, o.snapshots, o.pods), epoch, recorded_phase(o.object)};
  if (deleting || (spec.dry_run && is_true(o.object, "Planned"))) return Nothing{};
  if (auto fields = not_implemented(o.object); !fields.empty())
    return Refuse{{Code::Unsupported, fmt::format("this version does not carry out {} yet", fmt::join(fields, ", "))}, std::move(fields)};
  const auto chosen = choose(spec, o.snapshots);
  if (!chosen) return Refuse{chosen.error(), {}};
  auto line = line_of(**chosen, spec, o.pods);
  if (!line) {
    const bool may_pass = line.error().code == Code::Unavailable && o.age < kPatience;
    return may_pass ? Decision{Later{line.error()}} : Decision{Refuse{line.error(), {}}};
  }
  return spec.dry_run ? Decision{Show{std::move(*line)}} : Decision{Begin{std::move(*line)}};
}

}  // namespace cutline::op::rollback
