#include "operator/rollback/plan.hpp"

#include "operator/api/conditions.hpp"
#include "operator/api/resources.hpp"
#include "operator/pods/places.hpp"
#include "operator/snapshot/plan.hpp"

namespace cutline::op::rollback {
namespace {

using protocol::rollback::Phase;

constexpr std::chrono::seconds kPatience{60};  // for containers that are being restarted

bool usable(const Json& snapshot) {
  return is_true(snapshot, "Committed") && !kube::is_being_deleted(snapshot);
}

const Json& members_of(const Json& snapshot) { return snapshot.at(Json::json_pointer("/status/members")); }

// The first member whose pod is gone.
std::optional<std::string> gone_from(const Json& snapshot, const std::vector<Pod>& pods) {
  for (const auto& member : members_of(snapshot))
    if (const auto* pod = find_pod(pods, PodUid{member.value("uid", "")}); pod == nullptr || pod->ending) return member.value("pod", "");
  return std::nullopt;
}

// Committed, and with its images still there.
const Json* most_recent(const std::vector<Json>& snapshots, const std::string& policy, const std::optional<std::string>& before,
                        const std::vector<Pod>& pods) {
  const Json* last = nullptr;
  for (const auto& snapshot : snapshots) {
    if (!usable(snapshot) || read_snapshot_spec(snapshot).policy != policy) continue;
    if (!is_true(snapshot, "Durable") && gone_from(snapshot, pods)) continue;
    const auto* committed = find_condition(snapshot, "Committed");
    if (before && committed->value("lastTransitionTime", "") > *before) continue;  // both in UTC, to the second
    if (last == nullptr || snapshot::recorded_epoch(snapshot) > snapshot::recorded_epoch(*last)) last = &snapshot;
  }
  return last;
}

// The recovery line of a coordinated workload is its last committed snapshot.
Result<const Json*> choose(const RollbackSpec& spec, const std::vector<Json>& snapshots, const std::vector<Pod>& pods) {
  if (spec.snapshot) {
    const auto* named = named_snapshot(spec.snapshot, snapshots);
    if (named == nullptr) return fail(Code::NotFound, "there is no DistributedSnapshot {} in this namespace", *spec.snapshot);
    if (!usable(*named)) return fail(Code::Invalid, "DistributedSnapshot {} is not committed: there is nothing to go back to", *spec.snapshot);
    return named;
  }
  const auto* last = most_recent(snapshots, spec.policy.value_or(""), spec.before, pods);
  if (last == nullptr)
    return fail(Code::NotFound, "no recovery line: policy {} has no committed snapshot{}", spec.policy.value_or("(none)"),
                spec.before ? " of before " + *spec.before : "");
  return last;
}

std::string because(const RollbackSpec& spec) {
  return spec.snapshot ? "the snapshot was named" : "it is the most recent distributed snapshot";
}

// The snapshot's connections of a pod to outside of the workload. They are written down with the snapshot, for good.
std::vector<protocol::Connection> external_of(const Json& list, const std::string& pod) {
  std::vector<protocol::Connection> out;
  for (const auto& c : list)
    if (c.value("pod", "") == pod) out.push_back({protocol::parse_endpoint(c.value("local", "")), protocol::parse_endpoint(c.value("remote", ""))});
  return out;
}

Json external_list(const Json& object) { return object.value(Json::json_pointer("/status/external"), Json::array()); }

Line named(std::string snapshot) {
  Line out;
  out.snapshot = std::move(snapshot);
  return out;
}

// A pod's checkpoint goes with its volume, unless it is kept elsewhere.
Error gone(const std::string& name, const Json& snapshot) {
  if (!is_true(snapshot, "Durable"))
    return {Code::Unsupported, fmt::format("pod {} of the snapshot is gone, and its checkpoint with it: {} is in no repository; go back to one that is Durable", name,
                                           kube::key_of(snapshot).name)};
  return {Code::Unavailable, fmt::format("pod {} of the snapshot is gone, and no pod stands in for it yet: bring it back, for example with kubectl scale", name)};
}

cutline::Status stand_in(Entry& entry, const Json& member, const Json& snapshot) {
  const auto name = member.value("pod", "");
  if (!is_true(snapshot, "Durable")) return tl::unexpected(gone(name, snapshot));
  entry.from = "new";
  entry.gone = name;
  entry.stored = member.value("stored", "");
  entry.target.of = PodUid{member.value("uid", "")};
  const auto then = member.value("addresses", std::vector<std::string>{});
  if (const auto homeless = no_successor(then, entry.pod.addresses))
    return fail(Code::Unsupported, "pod {} has no address that could take the place of {}: {} had one of that family", entry.pod.name, *homeless, name);
  entry.target.addresses = readdressed(then, entry.pod.addresses);
  entry.because += fmt::format("; {} stands in for {} ({}), which is gone: its checkpoint comes from {}", entry.pod.name, name,
                               member.value("node", "an unknown node"), kube::string_at(snapshot, "/status/repository"));
  return {};
}

// A coordinated snapshot, whole: its cut was proved when it was committed.
Result<Line> line_of(const Json& snapshot, const RollbackSpec& spec, const std::vector<Pod>& pods) {
  auto out = named(kube::key_of(snapshot).name);
  const auto& members = members_of(snapshot);
  const auto now = places(members, pods);
  for (const auto& member : members) {
    const auto name = member.value("pod", "");
    const auto place = now.find(PodUid{member.value("uid", "")});
    if (place == now.end()) return tl::unexpected(gone(name, snapshot));
    const auto& pod = *place->second;
    if (!pod.sidecar_ready || pod.addresses.empty()) return fail(Code::Unavailable, "pod {}: its sidecar is not ready yet", pod.name);
    if (!pod.not_running.empty()) return fail(Code::Unavailable, "pod {}: container {} is not running", pod.name, pod.not_running.front());
    const auto digest = member.value("digest", "");
    if (digest.empty())
      return fail(Code::Unavailable, "pod {}: checkpoint {} of the snapshot is not confirmed to be on its disk", name, member.value("checkpoint", 0));
    Entry entry{pod, {snapshot::recorded_epoch(snapshot), digest, external_of(external_list(snapshot), name), {}, {}}, "present",
                fmt::format("{}, checkpoint {}", out.snapshot, member.value("checkpoint", 0)), because(spec),
                CheckpointIndex{member.value("checkpoint", std::uint64_t{0})}, {}, {}};
    if (pod.uid != place->first)
      if (auto possible = stand_in(entry, member, snapshot); !possible) return tl::unexpected(possible.error());
    out.external += entry.target.external.size();
    out.entries.push_back(std::move(entry));
  }
  return out;
}

std::vector<protocol::Readdress> addresses_of(const Json& entry) {
  std::vector<protocol::Readdress> out;
  for (const auto& row : entry.value(Json::json_pointer("/standsInFor/addresses"), Json::array()))
    out.push_back({row.value("from", ""), row.value("to", "")});
  return out;
}

// The plan was made durable before anything was touched: the successor of a dead coordinator follows it to the letter.
Line recorded_line(const Json& object, const std::vector<Json>& snapshots, const std::vector<Pod>& pods) {
  auto out = named(kube::string_at(object, "/status/to"));
  const auto* snapshot = named_snapshot(out.snapshot, snapshots);
  const auto external = snapshot == nullptr ? Json::array() : external_list(*snapshot);
  for (const auto& entry : object.at(Json::json_pointer("/status/plan"))) {
    Pod pod{.uid = PodUid{entry.value("uid", "")}, .name = entry.value("pod", "")};
    if (const auto* now = find_pod(pods, pod.uid)) pod = *now;
    const PodUid of{kube::string_at(entry, "/standsInFor/uid")};
    auto closed = external_of(external, of.value.empty() ? pod.name : kube::string_at(entry, "/standsInFor/pod"));
    out.entries.push_back({std::move(pod), {Epoch{entry.value("epoch", std::uint64_t{0})}, entry.value("digest", ""), std::move(closed), of,
                                            addresses_of(entry)},
                           entry.value("from", ""), entry.value("to", ""), entry.value("because", ""), {},
                           kube::string_at(entry, "/standsInFor/pod"), {}});
  }
  for (const auto& row : object.value(Json::json_pointer("/status/severed"), Json::array())) {
    const auto* pod = find_pod(pods, PodUid{row.value("uid", "")});
    if (pod == nullptr) continue;  // its connections went with it
    if (out.severed.empty() || out.severed.back().pod.uid != pod->uid) out.severed.push_back({*pod, {}});
    out.severed.back().connections.push_back({protocol::parse_endpoint(row.value("local", "")), protocol::parse_endpoint(row.value("remote", ""))});
  }
  // A pod that begins anew may have gone already.
  std::erase_if(out.entries, [&](const Entry& e) {
    const auto* pod = find_pod(pods, e.pod.uid);
    return value(e.target.checkpoint) == 0 && (pod == nullptr || pod->ending);
  });
  return out;
}

Phase recorded_phase(const Json& object) {
  if (is_true(object, "Restored")) return Phase::Released;
  return is_true(object, "Irrevocable") ? Phase::Restoring : Phase::Reserved;
}

// ---- computed from histories ---------------------------------------------------------------------------------------------

// The latest checkpoint of each pod that was taken before then; none: its start.
std::map<PodUid, CheckpointIndex> before(const std::string& time, const Observed& o) {
  std::map<PodUid, CheckpointIndex> out;
  for (const auto& pod : o.workload->pods) out.emplace(pod.pod.uid, CheckpointIndex{0});
  for (const auto& checkpoint : o.checkpoints) {
    const auto found = out.find(PodUid{kube::string_at(checkpoint, "/spec/uid")});
    if (found == out.end() || kube::string_at(checkpoint, "/metadata/creationTimestamp") > time) continue;
    found->second = std::max(found->second, CheckpointIndex{checkpoint.value(Json::json_pointer("/spec/index"), std::uint64_t{0})});
  }
  return out;
}

std::set<PodUid> failed(const RollbackSpec& spec, const Workload& workload) {
  std::set<PodUid> out;
  for (const auto& pod : workload.pods) {
    const bool named = std::ranges::find(spec.pods, pod.pod.name) != spec.pods.end();
    if (named || (spec.pods.empty() && !pod.failures.empty())) out.insert(pod.pod.uid);
  }
  return out;
}

Result<Line> computed(const Observed& o, const RollbackSpec& spec) {
  const auto chosen = spec.snapshot ? choose(spec, o.snapshots, o.pods) : Result<const Json*>{nullptr};
  if (!chosen) return tl::unexpected(chosen.error());
  for (const auto& name : spec.pods)
    if (std::ranges::none_of(o.workload->pods, [&](const Remembered& r) { return r.pod.name == name; }))
      return fail(Code::NotFound, "spec.pods names {}, which is no pod of this workload", name);
  const auto save = save_spec_of(o);
  Wish wish;
  wish.failed = failed(spec, *o.workload);
  wish.options = options_of(save);
  if (*chosen != nullptr) {
    wish.snapshot = kube::key_of(**chosen).name;
    if (const auto gone = gone_from(**chosen, o.pods))
      return fail(Code::Unsupported, "pod {} of {} is gone, and an incremental snapshot has not all pods: go back to one of protocol Coordinated, as fullEvery makes them",
                  *gone, wish.snapshot);
    for (const auto& member : members_of(**chosen))
      wish.newest.emplace(PodUid{member.value("uid", "")}, CheckpointIndex{member.value("checkpoint", std::uint64_t{0})});
  } else if (spec.before) {
    wish.everyone = true;
    wish.newest = before(*spec.before, o);
  } else if (save.protocol == "Coordinated") {
    const auto last = choose(spec, o.snapshots, o.pods);
    if (wish.failed.empty() || (last && gone_from(**last, o.pods)))  // nobody has failed, or who is new remembers nothing: the last snapshot, whole
      return last ? line_of(**last, spec, o.pods) : tl::unexpected(last.error());
  } else if (wish.failed.empty()) {
    wish.everyone = true;
  }
  return compute(*o.workload, wish);
}

Result<Line> whole_snapshot(const Observed& o, const RollbackSpec& spec) {
  const auto chosen = choose(spec, o.snapshots, o.pods);
  return chosen ? line_of(**chosen, spec, o.pods) : tl::unexpected(chosen.error());
}

}  // namespace

const Json* named_snapshot(const std::optional<std::string>& name, const std::vector<Json>& snapshots) {
  const auto found = std::ranges::find_if(snapshots, [&](const Json& s) { return name && kube::key_of(s).name == *name; });
  return found == snapshots.end() ? nullptr : &*found;
}

SaveSpec save_spec_of(const Observed& o) {
  if (o.policy) return read_save_spec(*o.policy);
  const auto* snapshot = named_snapshot(read_rollback_spec(o.object).snapshot, o.snapshots);
  return snapshot != nullptr ? read_save_spec(*snapshot) : SaveSpec{};
}

bool needs_workload(const Observed& o) {
  const auto spec = read_rollback_spec(o.object);
  if (has_ended(o.object) || value(snapshot::recorded_epoch(o.object)) != 0) return false;
  if (!spec.snapshot) return o.policy && !(spec.before && spec.pods.empty() && read_save_spec(*o.policy).protocol == "Coordinated");
  const auto chosen = choose(spec, o.snapshots, o.pods);
  return chosen && kube::string_at(**chosen, "/status/protocol") == "Incremental";
}

Result<Line> line(const Observed& o) {
  const auto spec = read_rollback_spec(o.object);
  if (o.unavailable) return tl::unexpected(*o.unavailable);
  return o.workload ? computed(o, spec) : whole_snapshot(o, spec);
}

Decision plan(const Observed& o) {
  const auto spec = read_rollback_spec(o.object);
  const bool deleting = kube::is_being_deleted(o.object);
  if (has_ended(o.object)) return Nothing{};
  if (const auto epoch = snapshot::recorded_epoch(o.object); value(epoch) != 0)
    return Recover{recorded_line(o.object, o.snapshots, o.pods), epoch, recorded_phase(o.object)};
  if (deleting || (spec.dry_run && is_true(o.object, "Planned"))) return Nothing{};
  if (spec.policy && !o.policy)
    return Refuse{{Code::NotFound, fmt::format("there is no SnapshotPolicy {} in this namespace", *spec.policy)}};
  auto way = line(o);
  if (!way) {
    const bool may_pass = way.error().code == Code::Unavailable && o.age < kPatience;
    return may_pass ? Decision{Later{way.error()}} : Decision{Refuse{way.error()}};
  }
  if (spec.dry_run) return Show{std::move(*way)};
  if (way->entries.empty()) return Refuse{{Code::Invalid, "nothing to do: every pod stands at the line already, and none has failed"}};
  return Begin{std::move(*way)};
}

}  // namespace cutline::op::rollback
