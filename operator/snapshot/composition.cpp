#include "operator/snapshot/composition.hpp"

#include <algorithm>

#include "operator/api/conditions.hpp"
#include "operator/snapshot/plan.hpp"

namespace cutline::op::snapshot {
namespace {

using Pointer = Json::json_pointer;

constexpr const char* kRestorableAlone = "RestorableAlone";
constexpr std::size_t kClosings = 5'000;  // an object has its limit, and a cut of them would leave ends open
constexpr std::size_t kNamed = 8;

std::string of_snapshot(const Owners& owners, Epoch epoch) {
  const auto found = owners.find(epoch);
  return found == owners.end() ? std::string{} : found->second;
}

Json left_out(const Remembered& pod, const protocol::LocalCheckpoint& last, const Owners& owners) {
  Json out = {{"pod", pod.pod.name},
              {"uid", pod.pod.uid.value},
              {"node", pod.pod.node},
              {"addresses", pod.pod.addresses},
              {"checkpoint", value(last.index)},
              {"epoch", value(last.epoch)},
              {"digest", last.digest},
              {"bytes", value(last.bytes)}};
  if (auto owner = of_snapshot(owners, last.epoch); !owner.empty()) out["snapshot"] = std::move(owner);
  if (const auto names = protocol::names_of(pod.history, last.index); !names.empty()) out["names"] = json_of(names);
  return out;
}

std::string where(const Json& row) {
  const auto snapshot = row.value("snapshot", "");
  return fmt::format("{} at checkpoint {}{}", row.value("pod", ""), row.value("checkpoint", std::uint64_t{0}),
                     snapshot.empty() ? "" : " of " + snapshot);
}

std::string told(std::size_t members, const Json& left_out) {
  if (left_out.empty()) return fmt::format("all {} processes are members", members);
  std::vector<std::string> named;
  for (const auto& row : left_out)
    if (named.size() < kNamed) named.push_back(where(row));
  const auto more = left_out.size() - named.size();
  return fmt::format("{} members, and the last checkpoints of those that were left out: {}{}", members,
                     fmt::join(named, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
}

}  // namespace

protocol::Composition compose(const protocol::round::Commit& commit, const Workload& workload) {
  std::vector<protocol::PodHistory> pods;
  for (const auto& pod : workload.pods) {
    pods.push_back({pod.pod.uid, pod.pod.addresses, pod.services, pod.history});
    if (const auto taken = commit.checkpoints.find(pod.pod.uid); taken != commit.checkpoints.end())
      pods.back().history = protocol::at_the_cut(std::move(pods.back().history), taken->second);
  }
  return protocol::compose(pods);
}

Owners owners(const std::vector<Json>& snapshots) {
  Owners out;
  for (const auto& snapshot : snapshots)
    if (const auto epoch = recorded_epoch(snapshot); value(epoch) != 0) out.emplace(epoch, kube::key_of(snapshot).name);
  return out;
}

void record(Json& object, const protocol::Composition& composition, const protocol::round::Commit& commit,
            const Workload& workload, const Owners& owners, const std::string& now) {
  std::map<PodUid, std::string> pods;
  for (const auto& pod : workload.pods) pods.emplace(pod.pod.uid, pod.pod.name);
  const protocol::NameOf name = [&](const PodUid& uid) { return pods.contains(uid) ? pods.at(uid) : uid.value; };
  const auto refuse = [&](const char* reason, const std::string& why) {
    object["status"].erase("composition");
    set_condition(
        object,
        {kRestorableAlone, false, reason, why + ": go back to it only with its pods alive, or take a full snapshot"},
        now);
  };
  if (composition.never_saved)
    return refuse("NeverSaved", fmt::format("{} was left out, and has no checkpoint", name(*composition.never_saved)));
  if (!composition.consistent())
    return refuse("Inconsistent",
                  fmt::format("with the last checkpoints of those that were left out it is no consistent state: {}",
                              protocol::sentence(composition.moves.front(), name)));
  Json rows = Json::array(), close = Json::array();
  for (const auto& pod : workload.pods)
    if (const auto& last = composition.last.at(pod.pod.uid); last && !commit.checkpoints.contains(pod.pod.uid))
      rows.push_back(left_out(pod, *last, owners));
  for (const auto& [pod, closings] : composition.close)
    for (const auto& [connection, peer, why] : closings)
      close.push_back({{"pod", name(pod)},
                       {"local", protocol::show(connection.local)},
                       {"remote", protocol::show(connection.remote)}});
  if (close.size() > kClosings)
    return refuse("TooLarge", fmt::format("{} connections would have to be closed, more than can be written down ({})",
                                          close.size(), kClosings));
  auto message = told(commit.checkpoints.size(), rows);
  object["status"]["composition"] = {{"leftOut", std::move(rows)}, {"close", std::move(close)}};
  set_condition(object, {kRestorableAlone, true, "Composed", std::move(message)}, now);
}

void record_not_composed(Json& object, const std::string& why, const std::string& now) {
  object["status"].erase("composition");
  set_condition(
      object,
      {kRestorableAlone, false, "NotKnown", "what was left out could not be asked for its last checkpoint: " + why},
      now);
}

bool stands_alone(const Json& snapshot) {
  return kube::string_at(snapshot, "/status/protocol") != "Incremental" || is_true(snapshot, kRestorableAlone);
}

std::string why_not_alone(const Json& snapshot) {
  const auto* told = find_condition(snapshot, kRestorableAlone);
  return told == nullptr
             ? "it was taken by a version that did not note the last checkpoints of those that were left out"
             : told->value("message", "");
}

std::vector<Part> parts(const Json& snapshot) {
  std::vector<Part> out;
  for (auto& row : kube::list_at(snapshot, "/status/members")) out.push_back({row, recorded_epoch(snapshot), false});
  if (!stands_alone(snapshot)) return out;
  for (auto& row : kube::list_at(snapshot, "/status/composition/leftOut"))
    out.push_back({row, Epoch{row.value("epoch", std::uint64_t{0})}, true});
  return out;
}

std::vector<protocol::Connection> closings(const Json& snapshot, const std::string& pod) {
  const bool composed = snapshot.contains(Pointer{"/status/composition"});
  std::vector<protocol::Connection> out;
  for (const auto& c : kube::list_at(snapshot, composed ? "/status/composition/close" : "/status/external"))
    if (c.value("pod", "") == pod)
      out.push_back({protocol::parse_endpoint(c.value("local", "")), protocol::parse_endpoint(c.value("remote", ""))});
  return out;
}

protocol::Readdressing names_of(const Json& row) {
  std::vector<protocol::Readdress> addresses;
  std::vector<protocol::Shift> remotes;
  for (const auto& one : kube::list_at(row, "/names/addresses"))
    addresses.push_back({one.value("from", ""), one.value("to", "")});
  for (const auto& one : kube::list_at(row, "/names/remotes"))
    remotes.push_back(
        {{protocol::parse_endpoint(one.value("local", "")), protocol::parse_endpoint(one.value("remote", ""))},
         0,
         0,
         protocol::parse_endpoint(one.value("now", ""))});
  return protocol::Readdressing{addresses, remotes};
}

Json json_of(const protocol::Readdressing& names) {
  Json addresses = Json::array(), remotes = Json::array();
  for (const auto& [from, to] : names.addresses()) addresses.push_back({{"from", from}, {"to", to}});
  for (const auto& [connection, now] : names.remotes())
    remotes.push_back({{"local", protocol::show(connection.local)},
                       {"remote", protocol::show(connection.remote)},
                       {"now", protocol::show(now)}});
  return {{"addresses", std::move(addresses)}, {"remotes", std::move(remotes)}};
}

Needed needed_by_others(const Json& snapshot, const std::vector<Json>& snapshots, Where where) {
  const auto may_be_kept = [](const Json& other) {
    const auto said = [&](const char* pointer) { return !kube::string_at(other, pointer).empty(); };
    return said("/status/repository") || said("/spec/repositoryRef/name") || said("/spec/policyRef/name");
  };
  Needed out;
  for (const auto& other : snapshots) {
    if (kube::uid_of(other) == kube::uid_of(snapshot) || kube::is_being_deleted(other)) continue;
    if (where == Where::InRepository && !may_be_kept(other)) continue;
    for (const auto& part : parts(other)) out.emplace(part.uid(), part.epoch);
  }
  return out;
}

}  // namespace cutline::op::snapshot
