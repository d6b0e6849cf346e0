#include "tests/unit/cli/samples.hpp"

#include "kube/timestamp.hpp"

namespace cutline::cli::samples {

Time now() { return *kube::parse_time("2026-01-02T03:10:00Z"); }

Json condition(const std::string& type, bool status, const std::string& reason, const std::string& message,
               const std::string& since) {
  return {{"type", type},
          {"status", status ? "True" : "False"},
          {"reason", reason},
          {"message", message},
          {"lastTransitionTime", since}};
}

Json policy_object() {
  return {{"metadata", {{"namespace", "bank"}, {"name", "ledger"}}},
          {"spec",
           {{"selector", {{"matchLabels", {{"app", "ledger"}}}}},
            {"protocol", "Coordinated"},
            {"recovery", {{"mode", "Manual"}}}}},
          {"status",
           {{"members", 3},
            {"lastSnapshot", "first"},
            {"recoveryLine", "first"},
            {"conditions", {condition("Ready", true, "MembersReady", "3 pods can be saved")}}}}};
}

Json snapshot_object(const std::string& name, std::uint64_t epoch, std::uint64_t checkpoint) {
  Json members = Json::array();
  for (const std::string pod : {"ledger-0", "ledger-1", "ledger-2"})
    members.push_back({{"pod", pod},
                       {"uid", pod + "-uid"},
                       {"why", "Selected"},
                       {"checkpoint", checkpoint},
                       {"bytes", 2048},
                       {"gated", "40ms"}});
  return {{"metadata", {{"namespace", "bank"}, {"name", name}, {"creationTimestamp", "2026-01-02T03:04:59Z"}}},
          {"spec", {{"policyRef", {{"name", "ledger"}}}}},
          {"status",
           {{"epoch", epoch},
            {"membersReady", "3/3"},
            {"members", members},
            {"bytes", 6144},
            {"timings", {{"held", "88ms"}}},
            {"proof", {{"connections", 6}, {"inTransitBytes", 120}, {"orphans", 0}, {"halfOpen", 0}}},
            {"conditions", {condition("Committed", true), condition("Released", true)}}}}};
}

Json pod_object(const std::string& name, const std::string& address) {
  return {{"metadata",
           {{"namespace", "bank"},
            {"name", name},
            {"uid", name + "-uid"},
            {"labels", {{"app", "ledger"}, {"cutline.dev/inject", "true"}}}}},
          {"spec", {{"nodeName", "node-a"}}},
          {"status", {{"podIPs", {{{"ip", address}}}}}}};
}

Json connection(const std::string& local, const std::string& remote, std::uint64_t sent, std::uint64_t received) {
  return {{"local", local}, {"remote", remote}, {"acked", sent}, {"sent", sent}, {"received", received}};
}

Json checkpoint_object(const std::string& pod, std::uint64_t index, const std::string& time,
                       const std::vector<Json>& connections, const std::string& snapshot) {
  Json spec = {{"pod", pod}, {"uid", pod + "-uid"}, {"index", index}, {"bytes", 1024}};
  if (!snapshot.empty()) spec["snapshot"] = snapshot;
  if (!connections.empty()) spec["counters"] = {{"connections", connections}};
  return {{"metadata",
           {{"namespace", "bank"},
            {"name", fmt::format("{}-c{}", pod, index)},
            {"creationTimestamp", "2026-01-02T" + time + "Z"}}},
          {"spec", spec}};
}

Json rollback_object(const std::vector<Json>& plan) {
  return {
      {"metadata",
       {{"namespace", "bank"}, {"name", "undo"}, {"uid", "undo-uid"}, {"creationTimestamp", "2026-01-02T03:09:00Z"}}},
      {"spec", {{"policyRef", {{"name", "ledger"}}}, {"to", {{"latest", true}}}}},
      {"status", {{"plan", plan}, {"dominoDepth", 0}, {"conditions", {condition("Planned", true, "LineFound")}}}}};
}

Json way(const std::string& pod, const Json& from, const Json& to, const std::string& because) {
  return {{"pod", pod}, {"uid", pod + "-uid"}, {"from", from}, {"to", to}, {"because", because}};
}

Namespace coordinated() {
  Namespace out{.name = "bank", .now = now()};
  auto policy = policy_object();
  for (const std::string pod : {"ledger-0", "ledger-1", "ledger-2"}) {
    policy["status"]["line"].push_back({{"pod", pod}, {"uid", pod + "-uid"}, {"checkpoint", 1}, {"snapshot", "first"}});
    out.checkpoints.push_back(read_checkpoint(checkpoint_object(pod, 1, "03:05:01", {}, "first")));
    out.pods.push_back(read_pod(pod_object(pod, "10.0.0." + std::string(1, static_cast<char>(pod.back() + 1)))));
  }
  out.policies.push_back(read_policy(policy));
  out.snapshots.push_back(read_snapshot(snapshot_object("first", 7, 1)));
  return out;
}

Namespace domino() {
  Namespace out{.name = "bank", .now = now()};
  auto policy = policy_object();
  policy["spec"]["protocol"] = "Independent";
  policy["status"] = {{"members", 2}, {"conditions", {condition("Ready", true)}}};
  out.policies.push_back(read_policy(policy));
  out.pods = {read_pod(pod_object("p-1", "10.0.0.1")), read_pod(pod_object("p-2", "10.0.0.2"))};
  const std::string a = "10.0.0.1:4000", b = "10.0.0.2:5000";
  // What each has sent and received by its checkpoints 1, 2 and 3, taken in turn.
  const auto p1 = [&](std::uint64_t index, const std::string& time, std::uint64_t sent, std::uint64_t received) {
    out.checkpoints.push_back(
        read_checkpoint(checkpoint_object("p-1", index, time, {connection(a, b, sent, received)})));
  };
  const auto p2 = [&](std::uint64_t index, const std::string& time, std::uint64_t sent, std::uint64_t received) {
    out.checkpoints.push_back(
        read_checkpoint(checkpoint_object("p-2", index, time, {connection(b, a, sent, received)})));
  };
  p1(1, "03:01:00", 0, 100);
  p2(1, "03:01:30", 100, 200);
  p1(2, "03:02:00", 200, 300);
  p2(2, "03:02:30", 300, 400);
  p1(3, "03:03:00", 400, 500);
  p2(3, "03:03:30", 500, 600);
  auto undo =
      rollback_object({way("p-1", "present", "start",
                           "p-1 goes back from its present state to checkpoint 3: it has received 100 bytes on "
                           "10.0.0.1:4000 - 10.0.0.2:5000 that p-2 has not sent at checkpoint 3; "
                           "p-1 goes back from checkpoint 3 to checkpoint 2: it has received 200 bytes on "
                           "10.0.0.1:4000 - 10.0.0.2:5000 that p-2 has not sent at checkpoint 2; "
                           "p-1 goes back from checkpoint 2 to checkpoint 1: it has received 200 bytes on "
                           "10.0.0.1:4000 - 10.0.0.2:5000 that p-2 has not sent at checkpoint 1; "
                           "p-1 goes back from checkpoint 1 to its start: it has received 100 bytes on 10.0.0.1:4000 - "
                           "10.0.0.2:5000 that p-2 has not sent at its start"),
                       way("p-2", "present", "start",
                           "p-2 goes back from its present state to checkpoint 3: its application is not alive; "
                           "p-2 goes back from checkpoint 3 to checkpoint 2: it has received 200 bytes on "
                           "10.0.0.2:5000 - 10.0.0.1:4000 that p-1 has not sent at checkpoint 3; "
                           "p-2 goes back from checkpoint 2 to checkpoint 1: it has received 200 bytes on "
                           "10.0.0.2:5000 - 10.0.0.1:4000 that p-1 has not sent at checkpoint 2; "
                           "p-2 goes back from checkpoint 1 to its start: it has received 200 bytes on 10.0.0.2:5000 - "
                           "10.0.0.1:4000 that p-1 has not sent at checkpoint 1")});
  undo["status"]["dominoDepth"] = 3;
  out.rollbacks.push_back(read_rollback(undo));
  return out;
}

Namespace twelve() {
  constexpr std::size_t kPods = 12, kCheckpoints = 5;
  Namespace out{.name = "bank", .now = now()};
  auto policy = policy_object();
  policy["spec"]["protocol"] = "Independent";
  policy["status"] = {{"members", kPods}, {"conditions", {condition("Ready", true)}}};
  out.policies.push_back(read_policy(policy));
  const auto address = [](std::size_t p) { return fmt::format("10.0.1.{}", p); };
  const auto second = [](std::size_t p, std::size_t k) {
    return k * 40 + p * 7 % 31;
  };  // when p takes its checkpoint k
  // Each sends ten bytes a second to the next, all of which have arrived a second later.
  for (std::size_t p = 0; p < kPods; ++p) {
    out.pods.push_back(read_pod(pod_object(fmt::format("w-{}", p), address(p))));
    const auto next = (p + 1) % kPods, previous = (p + kPods - 1) % kPods;
    for (std::size_t k = 1; k <= kCheckpoints; ++k) {
      const auto t = second(p, k);
      std::vector<Json> ends;
      if (p != 6) ends.push_back(connection(address(p) + ":7000", address(next) + ":80", 10 * t, 0));
      if (p != 7) ends.push_back(connection(address(p) + ":80", address(previous) + ":7000", 0, 10 * (t - 1)));
      out.checkpoints.push_back(read_checkpoint(
          checkpoint_object(fmt::format("w-{}", p), k, fmt::format("03:{:02}:{:02}", t / 60, t % 60), ends)));
    }
  }
  const auto orphan = [&](std::size_t who, std::uint64_t to, std::uint64_t at, std::size_t received_at) {
    const auto received = 10 * (second(who, received_at) - 1), sent = 10 * second(who - 1, at);
    return fmt::format(
        "w-{} goes back from {} to checkpoint {}: it has received {} bytes on {}:80 - {}:7000 that w-{} has not sent "
        "at checkpoint {}",
        who, received_at > kCheckpoints ? "its present state" : fmt::format("checkpoint {}", received_at), to,
        received - sent, address(who), address(who - 1), who - 1, at);
  };
  auto undo =
      rollback_object({way("w-3", "present", "checkpoint 5",
                           "w-3 goes back from its present state to checkpoint 5: its application is not alive"),
                       way("w-4", "present", "checkpoint 4", orphan(4, 5, 5, 6) + "; " + orphan(4, 4, 5, 5)),
                       way("w-5", "present", "checkpoint 4", orphan(5, 5, 4, 6) + "; " + orphan(5, 4, 4, 5)),
                       way("w-6", "present", "checkpoint 3",
                           orphan(6, 5, 4, 6) + "; " + orphan(6, 4, 4, 5) + "; " + orphan(6, 3, 4, 4))});
  undo["status"]["dominoDepth"] = 2;
  undo["status"]["lost"] = {{"bytes", 0}, {"connections", 1}, {"external", 1}};
  undo["status"]["severed"] = {
      {{"pod", "w-7"}, {"uid", "w-7-uid"}, {"local", "10.0.1.7:9000"}, {"remote", "10.0.1.6:41000"}}};
  out.rollbacks.push_back(read_rollback(undo));
  return out;
}

}  // namespace cutline::cli::samples
