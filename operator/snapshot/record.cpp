#include "operator/snapshot/record.hpp"

#include "operator/api/conditions.hpp"
#include "operator/api/resources.hpp"
#include "operator/api/text.hpp"

namespace cutline::op::snapshot {
namespace {

std::string gate_name(protocol::GateKind kind) {
  switch (kind) {
    case protocol::GateKind::Queue:
      return "Queue";
    case protocol::GateKind::Drop:
      return "Drop";
    case protocol::GateKind::Open:
      return "Open";
  }
  return "Queue";
}

std::string reason(protocol::Membership::Reason reason) {
  using enum protocol::Membership::Reason;
  switch (reason) {
    case Initiator:
      return "Initiator";
    case SentTo:
      return "SentTo";
    case ReceivedFrom:
      return "ReceivedFrom";
    case NotObserved:
      return "NotObserved";
    case Full:
      return "Selected";
  }
  return "Selected";
}

std::string pod_at(const Members& members, const std::string& address) {
  for (const auto& [uid, pod] : members)
    if (std::ranges::find(pod.addresses, address) != pod.addresses.end()) return pod.name;
  return {};
}

protocol::CounterTable outside(const protocol::Closure& closure) {
  protocol::CounterTable out;
  for (const auto& external : closure.external) out.push_back(external.counters);
  return out;
}

Json external(const protocol::CounterTable& connections, const Members& members) {
  constexpr std::size_t kShown = 1000;  // an object has its limit; a rollback closes these
  Json out = Json::array();
  for (const auto& c : connections) {
    if (out.size() == kShown) break;
    out.push_back({{"pod", pod_at(members, c.local.address)},
                   {"local", protocol::show(c.local)},
                   {"remote", protocol::show(c.remote)}});
  }
  return out;
}

Json member(const PodUid& uid, const std::optional<protocol::Closure>& closure, const Members& members) {
  const auto& pod = members.at(uid);
  Json out = {
      {"pod", pod.name}, {"uid", uid.value}, {"node", pod.node}, {"addresses", pod.addresses}, {"why", "Selected"}};
  if (!closure) return out;
  const auto& why = closure->members.at(uid);
  out["why"] = reason(why.reason);
  if (why.by != uid && members.contains(why.by)) out["from"] = members.at(why.by).name;
  return out;
}

}  // namespace

void record(Json& object, const protocol::round::Reserve& reserve, const Members& members, const std::string& now) {
  auto& status = object["status"];
  status["epoch"] = value(reserve.epoch);
  status["protocol"] = reserve.closure ? "Incremental" : "Coordinated";
  status["membersReady"] = fmt::format("0/{}", reserve.members.size());
  status["members"] = Json::array();
  for (const auto& uid : reserve.members) status["members"].push_back(member(uid, reserve.closure, members));
  set_condition(
      object,
      {"Planned", true, "MembersFixed",
       fmt::format("epoch {} with {} of {} pods", value(reserve.epoch), reserve.members.size(), members.size())},
      now);
}

void record(Json& object, const protocol::round::Commit& commit, const Members& members, const protocol::Proof& proof,
            const std::string& now) {
  auto& status = object["status"];
  std::uint64_t total = 0;
  Json list = Json::array();
  for (const auto& [uid, checkpoint] : commit.checkpoints) {
    total += value(checkpoint.bytes);
    auto one = member(uid, commit.closure, members);
    one.update({{"checkpoint", value(checkpoint.index)},
                {"bytes", value(checkpoint.bytes)},
                {"frozen", show(checkpoint.timings.frozen)},
                {"gate", gate_name(checkpoint.gate)}});
    list.push_back(std::move(one));
  }
  const auto left = commit.closure ? commit.closure->orphans : std::vector<protocol::Closure::Orphan>{};
  status["members"] = std::move(list);
  status["membersReady"] = fmt::format("{0}/{0}", commit.checkpoints.size());
  status["bytes"] = total;
  status["proof"] = {{"connections", proof.connections},
                     {"inTransitBytes", proof.in_transit_bytes},
                     {"orphans", proof.violations.size() + left.size()},
                     {"halfOpen", proof.half_open.size()}};
  status["external"] = external(commit.closure ? outside(*commit.closure) : proof.external, members);
  if (left.empty())
    set_condition(object,
                  {"Committed", true, "Consistent",
                   fmt::format("{} connections checked, {} bytes in transit, no orphan", proof.connections,
                               proof.in_transit_bytes)},
                  now);
  else
    set_condition(
        object,
        {"Committed", true, "OrphansLeft",
         fmt::format(
             "closure Paper: {} has received {} {} that {}, which is no member, had then not sent; {} such in all",
             members.at(left.front().receiver).name, left.front().bytes, left.front().datagrams ? "datagrams" : "bytes",
             members.at(left.front().sender).name, left.size())},
        now);
  set_condition(object, {"Durable", false, "OnNodes", "the images are on the pods' nodes only"}, now);
}

void record(Json& object, const Error& failure, const std::string& now) {
  set_condition(object, {"Failed", true, name(failure.code), failure.message}, now);
}

void record(Json& object, const std::vector<Findings>& findings) {
  Json out = Json::array();
  for (const auto& [pod, list] : findings)
    for (const auto& f : list)
      out.push_back({{"pod", pod},
                     {"fatal", f.fatal},
                     {"container", f.container},
                     {"process", f.process},
                     {"object", f.object},
                     {"remedy", f.remedy}});
  object["status"]["findings"] = std::move(out);
}

void record_released(Json& object, const std::map<PodUid, protocol::Opened>& opened, Micros total,
                     const std::string& now) {
  Micros held{0};
  for (auto& member : object["status"]["members"]) {
    const auto found = opened.find(PodUid{member.value("uid", "")});
    if (found == opened.end()) continue;
    if (!found->second.digest.empty()) member["digest"] = found->second.digest;
    if (found->second.gated == Micros{0}) continue;
    member["gated"] = show(found->second.gated);
    held = std::max(held, found->second.gated);
  }
  if (held > Micros{0}) object["status"]["timings"] = {{"held", show(held)}, {"total", show(total)}};
  set_condition(object, {"Released", true, "GatesOpen", "every gate is open again"}, now);
}

protocol::Proof prove(const protocol::round::Commit& commit, const Members& members) {
  std::vector<protocol::Member> input;
  for (const auto& [uid, checkpoint] : commit.checkpoints)
    input.push_back({uid, members.at(uid).addresses, checkpoint.counters});
  return protocol::prove(input);
}

cutline::Status verdict(const protocol::Proof& proof, const Members& members) {
  if (proof.consistent()) return {};
  const auto& v = proof.violations.front();
  return fail(Code::Conflict,
              "the cut is not consistent: {} -> {} on {}: {} bytes orphaned, {} bytes lost (sent {}, acked {}, "
              "received {}); {} such in all",
              members.at(v.sender).name, members.at(v.receiver).name, protocol::show(v.at_sender.local), v.orphan_bytes,
              v.lost_bytes, v.at_sender.sent, v.at_sender.acked, v.at_receiver.received, proof.violations.size());
}

Json counters(const protocol::LocalCheckpoint& checkpoint) {
  constexpr std::size_t kShown = 200;  // connections; a pod with more of them shows the file beside the images
  if (checkpoint.counters.size() > kShown) return {{"ref", "manifest.json"}};
  Json rows = Json::array();
  for (const auto& c : checkpoint.counters)
    rows.push_back({{"local", protocol::show(c.local)},
                    {"remote", protocol::show(c.remote)},
                    {"acked", c.acked},
                    {"sent", c.sent},
                    {"received", c.received}});
  return {{"connections", std::move(rows)}};
}

Json local_checkpoint(const Json& snapshot, const Json& member, const protocol::LocalCheckpoint* saved) {
  const auto key = kube::key_of(snapshot);
  const Json owner = {{"apiVersion", "cutline.dev/v1alpha1"},
                      {"kind", "DistributedSnapshot"},
                      {"name", key.name},
                      {"uid", kube::uid_of(snapshot)},
                      {"controller", true},
                      {"blockOwnerDeletion", false}};
  const auto epoch = snapshot.value(Json::json_pointer("/status/epoch"), std::uint64_t{0});
  Json out = {{"apiVersion", "cutline.dev/v1alpha1"},
              {"kind", "LocalCheckpoint"},
              {"metadata",
               {{"namespace", key.ns},
                {"name", fmt::format("{}-e{}", member.value("pod", ""), epoch)},
                {"ownerReferences", {owner}}}},
              {"spec",
               {{"pod", member.value("pod", "")},
                {"uid", member.value("uid", "")},
                {"node", member.value("node", "")},
                {"index", member.value("checkpoint", 1)},
                {"epoch", epoch},
                {"snapshot", key.name},
                {"digest", member.value("digest", "")},
                {"bytes", member.value("bytes", 0)}}}};
  if (saved != nullptr) out["spec"]["counters"] = counters(*saved);
  return out;
}

}  // namespace cutline::op::snapshot
