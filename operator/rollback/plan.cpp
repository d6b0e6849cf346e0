#include "operator/rollback/plan.hpp"

#include "operator/api/conditions.hpp"
#include "operator/api/resources.hpp"
#include "operator/pods/places.hpp"
#include "operator/snapshot/composition.hpp"
#include "operator/snapshot/plan.hpp"

namespace cutline::op::rollback {
namespace {

using protocol::rollback::Phase;

constexpr std::chrono::seconds kRestarting{60};  // for containers that are being restarted

bool usable(const Json& snapshot) { return is_true(snapshot, "Committed") && !kube::is_being_deleted(snapshot); }

const Json& members_of(const Json& snapshot) { return snapshot.at(Json::json_pointer("/status/members")); }

// The first of its pods that is gone: of the members; of an incremental one that was composed, also of those that were
// left out.
enum class Who { Members, All };
std::optional<std::string> gone_from(const Json& snapshot, const std::vector<Pod>& pods, Who who = Who::All) {
  for (const auto& part : snapshot::parts(snapshot)) {
    if (part.left_out && who == Who::Members) continue;
    if (const auto* pod = find_pod(pods, part.uid()); pod == nullptr || pod->ending) return part.row.value("pod", "");
  }
  return std::nullopt;
}

// Its pods are gone, all or some, and it says by itself where each of them was: then it is gone back to as a whole,
// also by those that live.
bool whole_into_new_pods(const Json& snapshot, const std::vector<Pod>& pods) {
  return is_true(snapshot, "Durable") && snapshot::stands_alone(snapshot) && gone_from(snapshot, pods);
}

// Committed, and with its images still there.
const Json* most_recent(const std::vector<Json>& snapshots, const std::string& policy,
                        const std::optional<std::string>& before, const std::vector<Pod>& pods) {
  const Json* last = nullptr;
  for (const auto& snapshot : snapshots) {
    if (!usable(snapshot) || read_snapshot_spec(snapshot).policy != policy) continue;
    if (gone_from(snapshot, pods, Who::Members) && !(is_true(snapshot, "Durable") && snapshot::stands_alone(snapshot)))
      continue;
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
    if (named == nullptr)
      return fail(Code::NotFound, "there is no DistributedSnapshot {} in this namespace", *spec.snapshot);
    if (!usable(*named))
      return fail(Code::Invalid, "DistributedSnapshot {} is not committed: there is nothing to go back to",
                  *spec.snapshot);
    return named;
  }
  const auto* last = most_recent(snapshots, spec.policy.value_or(""), spec.before, pods);
  if (last == nullptr)
    return fail(Code::NotFound, "no recovery line: policy {} has no committed snapshot{}",
                spec.policy.value_or("(none)"), spec.before ? " of before " + *spec.before : "");
  return last;
}

std::string because(const RollbackSpec& spec) {
  return spec.snapshot ? "the snapshot was named" : "it is the most recent distributed snapshot";
}

Line named(std::string snapshot) {
  Line out;
  out.snapshot = std::move(snapshot);
  return out;
}

// A pod's checkpoint goes with its volume, unless it is kept elsewhere.
Error gone(const std::string& name, const Json& snapshot) {
  if (!is_true(snapshot, "Durable"))
    return {Code::Unsupported, fmt::format("pod {} of the snapshot is gone, and its checkpoint with it: {} is in no "
                                           "repository; go back to one that is Durable",
                                           name, kube::key_of(snapshot).name)};
  return {Code::Unavailable, fmt::format("pod {} of the snapshot is gone, and no pod stands in for it yet: bring it "
                                         "back, for example with kubectl scale",
                                         name)};
}

// A stranger's checkpoint is called by the snapshot's epoch: so all that were brought for it are of one cut.
cutline::Status stand_in(Entry& entry, const Json& member, const Json& snapshot) {
  const auto name = member.value("pod", "");
  if (!is_true(snapshot, "Durable")) return tl::unexpected(gone(name, snapshot));
  entry.from = "new";
  entry.gone = name;
  entry.stored = member.value("stored", "");
  entry.target.checkpoint = snapshot::recorded_epoch(snapshot);
  entry.target.of = PodUid{member.value("uid", "")};
  const auto then = member.value("addresses", std::vector<std::string>{});
  if (const auto homeless = no_successor(then, entry.pod.addresses))
    return fail(Code::Unsupported, "pod {} has no address that could take the place of {}: {} had one of that family",
                entry.pod.name, *homeless, name);
  entry.target.addresses = readdressed(then, entry.pod.addresses);
  entry.because +=
      fmt::format("; {} stands in for {} ({}), which is gone: its checkpoint comes from {}", entry.pod.name, name,
                  member.value("node", "an unknown node"), kube::string_at(snapshot, "/status/repository"));
  return {};
}

// What is closed, as the checkpoint itself names it.
std::vector<protocol::Connection> closed_by(const Json& snapshot, const std::string& pod,
                                            const protocol::Readdressing& names) {
  auto out = snapshot::closings(snapshot, pod);
  const auto back = names.back();
  for (auto& connection : out) connection = back(connection);
  return out;
}

std::string because(const RollbackSpec& spec, const snapshot::Part& part, const std::string& snapshot) {
  if (!part.left_out) return because(spec);
  const auto of = part.row.value("snapshot", "");
  return fmt::format("{} left it out: this is its last checkpoint before that{}", snapshot,
                     of.empty() ? "" : ", taken for " + of);
}

Result<Entry> entry_of(const snapshot::Part& part, const Pod& pod, const Json& snapshot, const RollbackSpec& spec) {
  const auto& row = part.row;
  const auto name = row.value("pod", "");
  if (!pod.sidecar_ready || pod.addresses.empty())
    return fail(Code::Unavailable, "pod {}: its sidecar is not ready yet", pod.name);
  if (!pod.not_running.empty())
    return fail(Code::Unavailable, "pod {}: container {} is not running", pod.name, pod.not_running.front());
  const auto digest = row.value("digest", "");
  const auto index = row.value("checkpoint", std::uint64_t{0});
  if (digest.empty())
    return fail(Code::Unavailable, "pod {}: checkpoint {} of the snapshot is not confirmed to be on its disk", name,
                index);
  auto names = snapshot::names_of(row);
  auto closed = closed_by(snapshot, name, names);
  const auto key = kube::key_of(snapshot).name;
  Entry out{pod,
            {part.epoch, digest, std::move(closed), {}, {}, std::move(names)},
            "present",
            fmt::format("{}, checkpoint {}", key, index),
            because(spec, part, key),
            CheckpointIndex{index},
            {},
            {}};
  if (pod.uid != part.uid())
    if (auto possible = stand_in(out, row, snapshot); !possible) return tl::unexpected(possible.error());
  return out;
}

// A snapshot, whole: its cut was proved when it was committed, and with it what an incremental one had left out.
Result<Line> line_of(const Json& snapshot, const RollbackSpec& spec, const std::vector<Pod>& pods) {
  auto out = named(kube::key_of(snapshot).name);
  const auto all = snapshot::parts(snapshot);
  Json rows = Json::array();
  for (const auto& part : all) rows.push_back(part.row);
  const auto now = places(rows, pods);
  for (const auto& part : all) {
    const auto place = now.find(part.uid());
    if (place == now.end()) return tl::unexpected(gone(part.row.value("pod", ""), snapshot));
    auto entry = entry_of(part, *place->second, snapshot, spec);
    if (!entry) return tl::unexpected(entry.error());
    out.external += entry->target.external.size();
    out.entries.push_back(*std::move(entry));
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
  for (const auto& entry : object.at(Json::json_pointer("/status/plan"))) {
    Pod pod{.uid = PodUid{entry.value("uid", "")}, .name = entry.value("pod", "")};
    if (const auto* now = find_pod(pods, pod.uid)) pod = *now;
    const PodUid of{kube::string_at(entry, "/standsInFor/uid")};
    auto names = snapshot::names_of(entry);
    auto closed =
        snapshot == nullptr
            ? std::vector<protocol::Connection>{}
            : closed_by(*snapshot, of.value.empty() ? pod.name : kube::string_at(entry, "/standsInFor/pod"), names);
    out.entries.push_back({std::move(pod),
                           {Epoch{entry.value("epoch", std::uint64_t{0})}, entry.value("digest", ""), std::move(closed),
                            of, addresses_of(entry), std::move(names)},
                           entry.value("from", ""),
                           entry.value("to", ""),
                           entry.value("because", ""),
                           {},
                           kube::string_at(entry, "/standsInFor/pod"),
                           {}});
  }
  for (const auto& row : object.value(Json::json_pointer("/status/severed"), Json::array())) {
    const auto* pod = find_pod(pods, PodUid{row.value("uid", "")});
    if (pod == nullptr) continue;  // its connections went with it
    if (out.severed.empty() || out.severed.back().pod.uid != pod->uid) out.severed.push_back({*pod, {}});
    out.severed.back().connections.push_back(
        {protocol::parse_endpoint(row.value("local", "")), protocol::parse_endpoint(row.value("remote", ""))});
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

// ---- computed from histories ----------------------------------------------------------------------------------------

// The latest checkpoint of each pod that was taken before then; none: its start.
std::map<PodUid, CheckpointIndex> before(const std::string& time, const Observed& o) {
  std::map<PodUid, CheckpointIndex> out;
  for (const auto& pod : o.workload->pods) out.emplace(pod.pod.uid, CheckpointIndex{0});
  for (const auto& checkpoint : o.checkpoints) {
    const auto found = out.find(PodUid{kube::string_at(checkpoint, "/spec/uid")});
    if (found == out.end() || kube::string_at(checkpoint, "/metadata/creationTimestamp") > time) continue;
    found->second =
        std::max(found->second, CheckpointIndex{checkpoint.value(Json::json_pointer("/spec/index"), std::uint64_t{0})});
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

// The newest of its policy that can come back into new pods.
std::string instead_of(const Json& snapshot, const std::vector<Json>& snapshots) {
  const Json* newest = nullptr;
  for (const auto& other : snapshots) {
    if (!usable(other) || !is_true(other, "Durable") || !snapshot::stands_alone(other) ||
        read_snapshot_spec(other).policy != read_snapshot_spec(snapshot).policy)
      continue;
    if (newest == nullptr || snapshot::recorded_epoch(other) > snapshot::recorded_epoch(*newest)) newest = &other;
  }
  return newest == nullptr ? "" : fmt::format("; {} can come back", kube::key_of(*newest).name);
}

// Of a named incremental snapshot, where all its pods live.
Result<Wish> back_to(const Json& snapshot, const Observed& o, Wish wish) {
  wish.snapshot = kube::key_of(snapshot).name;
  if (const auto name = gone_from(snapshot, o.pods, Who::Members)) {
    if (snapshot::stands_alone(snapshot)) return tl::unexpected(gone(*name, snapshot));
    return fail(Code::Unsupported, "pod {} of {} is gone, and {} is no state of the whole workload by itself: {}{}",
                *name, wish.snapshot, wish.snapshot, snapshot::why_not_alone(snapshot),
                instead_of(snapshot, o.snapshots));
  }
  for (const auto& member : members_of(snapshot))
    wish.newest.emplace(PodUid{member.value("uid", "")}, CheckpointIndex{member.value("checkpoint", std::uint64_t{0})});
  return wish;
}

Result<Line> whole_snapshot(const Observed& o, const RollbackSpec& spec) {
  const auto last = choose(spec, o.snapshots, o.pods);
  return last ? line_of(**last, spec, o.pods) : tl::unexpected(last.error());
}

// Pods that are new remember nothing, so there is no line of what they tell: then the last snapshot is one that is a
// state of all.
Result<Line> computed_or_last(const Observed& o, const RollbackSpec& spec, const Wish& wish) {
  auto line = compute(*o.workload, wish);
  if (line || line.error().code != Code::NotFound) return line;
  const auto last = choose(spec, o.snapshots, o.pods);
  return last && whole_into_new_pods(**last, o.pods) ? line_of(**last, spec, o.pods) : line;
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
    const auto back = back_to(**chosen, o, std::move(wish));
    return back ? compute(*o.workload, *back) : tl::unexpected(back.error());
  }
  if (spec.before) {
    wish.everyone = true;
    wish.newest = before(*spec.before, o);
  } else if (save.protocol == "Coordinated") {
    const auto last = choose(spec, o.snapshots, o.pods);
    if (wish.failed.empty() || (last && gone_from(**last, o.pods)))
      return whole_snapshot(o, spec);  // nobody has failed, or who is new remembers nothing
  } else if (wish.failed.empty()) {
    wish.everyone = true;
  }
  return save.protocol == "Incremental" ? computed_or_last(o, spec, wish) : compute(*o.workload, wish);
}

}  // namespace

const Json* named_snapshot(const std::optional<std::string>& name, const std::vector<Json>& snapshots) {
  const auto found =
      std::ranges::find_if(snapshots, [&](const Json& s) { return name && kube::key_of(s).name == *name; });
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
  if (!spec.snapshot)
    return o.policy && !(spec.before && spec.pods.empty() && read_save_spec(*o.policy).protocol == "Coordinated");
  const auto chosen = choose(spec, o.snapshots, o.pods);
  return chosen && kube::string_at(**chosen, "/status/protocol") == "Incremental" &&
         !whole_into_new_pods(**chosen, o.pods);
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
    const bool may_pass = way.error().code == Code::Unavailable && o.age < kRestarting;
    return may_pass ? Decision{Later{way.error()}} : Decision{Refuse{way.error()}};
  }
  if (spec.dry_run) return Show{std::move(*way)};
  if (way->entries.empty())
    return Refuse{{Code::Invalid, "nothing to do: every pod stands at the line already, and none has failed"}};
  return Begin{std::move(*way)};
}

}  // namespace cutline::op::rollback
