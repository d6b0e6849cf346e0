#include "operator/snapshot/plan.hpp"

#include "operator/api/conditions.hpp"
#include "operator/api/resources.hpp"
#include "operator/hooks/report.hpp"
#include "operator/pods/places.hpp"

namespace cutline::op::snapshot {
namespace {

// A pod that starts or restarts gets this long before a snapshot without it is refused.
constexpr std::chrono::seconds kMembersMayPass{60};
// One kubectl apply may bring the snapshot before its policy.
constexpr std::chrono::seconds kApplied{5};

bool has_finalizer(const Json& object) {
  const auto list = Json::json_pointer("/metadata/finalizers");
  return object.contains(list) && std::ranges::find(object.at(list), Json(kFinalizer)) != object.at(list).end();
}

// The policy's, or the snapshot's own; with what the snapshot says instead.
SaveSpec save_spec_of(const Json& object, const std::optional<Json>& policy) {
  const auto spec = read_snapshot_spec(object);
  auto own = read_save_spec(object);
  if (!spec.policy || !policy) return own;
  auto out = read_save_spec(*policy);
  if (own.options.gate == protocol::GateKind::Open) out.options.gate = protocol::GateKind::Open;
  if (spec.protocol) out.protocol = *spec.protocol;
  if (spec.initiator) out.incremental.initiator = *spec.initiator;
  return out;
}

// `fullEvery`: every so many snapshots of a policy all pods are saved.
bool full_is_due(const Observed& o, const SaveSpec& save) {
  if (save.incremental.full_every == 0) return false;
  const auto policy = read_snapshot_spec(o.object).policy;
  if (!policy) return false;
  Epoch last_full{};
  std::vector<Epoch> committed;
  for (const auto& snapshot : o.snapshots) {
    if (read_snapshot_spec(snapshot).policy != policy || !is_true(snapshot, "Committed")) continue;
    committed.push_back(recorded_epoch(snapshot));
    if (kube::string_at(snapshot, "/status/protocol") != "Incremental")
      last_full = std::max(last_full, committed.back());
  }
  const auto since = std::ranges::count_if(committed, [&](Epoch epoch) { return epoch > last_full; });
  return since + 1 >= save.incremental.full_every;
}

// What a dead coordinator may have asked: an incremental round can have reached any pod of the workload.
Members reached(const Observed& o, const SaveSpec& save, bool committed) {
  auto out = recorded_members(o.object, o.pods);
  if (committed || save.protocol != "Incremental") return out;
  for (const auto& pod : o.pods)
    if (save.selector.matches(pod.labels) && pod.injected && !pod.ending && !pod.addresses.empty())
      out.emplace(pod.uid, pod);
  return out;
}

// What the pods of today have of it, and no other snapshot consists of: its parts, and copies of them, which are named
// by its own epoch, with pods that stand in for others. What was taken for another snapshot is that one's, as long as
// there is one.
std::vector<std::pair<control::Peer, Epoch>> to_forget(const Observed& o) {
  const auto needed = needed_by_others(o.object, o.snapshots, Where::OnNodes);
  const auto all = parts(o.object);
  Json rows = Json::array();
  std::map<PodUid, const Part*> by_pod;
  for (const auto& part : all) rows.push_back(part.row), by_pod.emplace(part.uid(), &part);
  std::vector<std::pair<control::Peer, Epoch>> out;
  for (const auto& [uid, pod] : places(rows, o.pods)) {
    const auto& part = *by_pod.at(uid);
    const bool itself = pod->uid == uid;
    const auto epoch = itself ? part.epoch : recorded_epoch(o.object);
    if (pod->addresses.empty() || (!itself && !reachable(*pod)) || value(epoch) == 0) continue;
    const bool of_another = itself && part.left_out && std::ranges::any_of(o.snapshots, [&](const Json& other) {
                              return recorded_epoch(other) == epoch && !kube::is_being_deleted(other);
                            });
    if (!of_another && !needed.contains({pod->uid, epoch})) out.emplace_back(peer_of(*pod), epoch);
  }
  return out;
}

Decision begin(const Observed& o, SaveSpec save) {
  auto members = plan_members(save.selector, o.pods);
  if (members && save.protocol == "Incremental" && !full_is_due(o, save)) {
    const auto initiator =
        std::ranges::find_if(*members, [&](const auto& m) { return m.second.name == save.incremental.initiator; });
    if (initiator == members->end())
      return Refuse{{Code::NotFound,
                     fmt::format("the initiator {} is no pod that the selector finds: see spec.incremental.initiator",
                                 save.incremental.initiator)}};
    const auto uid = initiator->first;
    return Begin{std::move(save), std::move(*members), uid, o.services, owners(o.snapshots)};
  }
  if (members) return Begin{std::move(save), std::move(*members), {}, {}, {}};
  const bool may_pass = members.error().code == Code::Unavailable && o.age < kMembersMayPass;
  return may_pass ? Decision{Later{members.error()}} : Decision{Refuse{members.error()}};
}

}  // namespace

Epoch recorded_epoch(const Json& object) {
  return Epoch{object.value(Json::json_pointer("/status/epoch"), std::uint64_t{0})};
}

Members recorded_members(const Json& object, const std::vector<Pod>& pods) {
  Members out;
  const auto list = Json::json_pointer("/status/members");
  if (!object.contains(list)) return out;
  for (const auto& member : object.at(list)) {
    if (const auto* pod = find_pod(pods, PodUid{member.value("uid", "")})) out.emplace(pod->uid, *pod);
  }
  return out;
}

std::string protocol_of(const Json& object, const std::optional<Json>& policy) {
  return save_spec_of(object, policy).protocol;
}

Undo after_thaw(const Observed& o) {
  auto save = save_spec_of(o.object, o.policy);
  Undo out{std::move(save.hooks.after_thaw), {}};
  for (const auto& pod : o.pods)
    if (save.selector.matches(pod.labels) && reachable(pod)) out.members.emplace(pod.uid, pod);
  return out;
}

std::optional<Undo> undo(const Observed& o) {
  const bool over = has_ended(o.object) || kube::is_being_deleted(o.object);
  return over && hooks::pending(o.object) ? std::optional{after_thaw(o)} : std::nullopt;
}

Decision plan(const Observed& o) {
  const auto epoch = recorded_epoch(o.object);
  const bool committed = is_true(o.object, "Committed");
  const bool ended = has_ended(o.object);
  if (kube::is_being_deleted(o.object)) {
    if (!has_finalizer(o.object)) return Nothing{};
    if (o.used_by_rollback) return Later{{Code::Busy, "a rollback to this snapshot has not ended"}};
    return Collect{epoch, recorded_members(o.object, o.pods), !ended && value(epoch) != 0, to_forget(o)};
  }
  if (ended) return Nothing{};
  if (!has_finalizer(o.object)) return AddFinalizer{};
  const auto spec = read_snapshot_spec(o.object);
  if (spec.policy && !o.policy) {
    Error why{
        Code::NotFound,
        fmt::format("there is no SnapshotPolicy {} in this namespace: make it, or write spec.selector", *spec.policy)};
    return o.age < kApplied ? Decision{Later{std::move(why)}} : Decision{Refuse{std::move(why)}};
  }
  if (spec.import) return Import{*spec.import};
  const auto save = save_spec_of(o.object, o.policy);
  if (value(epoch) != 0) return Recover{save, reached(o, save, committed), epoch, committed};
  if (save.protocol == "Independent")
    return Refuse{{Code::Invalid,
                   "with protocol Independent each pod saves itself by its own timer: write spec.protocol: Coordinated "
                   "here for a snapshot of all"}};
  return begin(o, save);
}

}  // namespace cutline::op::snapshot
