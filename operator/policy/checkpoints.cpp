#include "operator/policy/checkpoints.hpp"

#include "operator/snapshot/record.hpp"

namespace cutline::op::policy {

std::string checkpoint_name(const Pod& pod, CheckpointIndex index) {
  return fmt::format("{}-c{}", pod.name, value(index));
}

Json checkpoint_object(const std::string& ns, const Pod& pod, const protocol::LocalCheckpoint& checkpoint) {
  const Json owner = {{"apiVersion", "v1"}, {"kind", "Pod"}, {"name", pod.name}, {"uid", pod.uid.value}};
  return {
      {"apiVersion", "cutline.dev/v1alpha1"},
      {"kind", "LocalCheckpoint"},
      {"metadata", {{"namespace", ns}, {"name", checkpoint_name(pod, checkpoint.index)}, {"ownerReferences", {owner}}}},
      {"spec",
       {{"pod", pod.name},
        {"uid", pod.uid.value},
        {"node", pod.node},
        {"index", value(checkpoint.index)},
        {"epoch", 0},
        {"digest", checkpoint.digest},
        {"bytes", value(checkpoint.bytes)},
        {"counters", snapshot::counters(checkpoint)}}}};
}

std::vector<std::pair<Pod, Epoch>> superfluous(const Workload& workload, const rollback::Line& line_of_all) {
  std::vector<std::pair<Pod, Epoch>> out;
  for (const auto& [pod, services, history, failures] : workload.pods) {
    const auto entry =
        std::ranges::find(line_of_all.entries, pod.uid, [](const rollback::Entry& e) { return e.pod.uid; });
    if (entry == line_of_all.entries.end()) continue;
    for (const auto& checkpoint : history.checkpoints)
      if (protocol::is_own(checkpoint.epoch) && checkpoint.index < entry->index)
        out.emplace_back(pod, checkpoint.epoch);
  }
  return out;
}

Difference compare(const std::string& ns, const Workload& workload, const std::vector<Json>& objects) {
  std::map<std::string, const Json*> there;
  for (const auto& object : objects) there.emplace(kube::key_of(object).name, &object);
  Difference out;
  for (const auto& [pod, services, history, failures] : workload.pods) {
    std::set<std::string> wanted;
    for (const auto& checkpoint : history.checkpoints) {
      if (!protocol::is_own(checkpoint.epoch)) continue;  // a snapshot's has an object of its snapshot
      const auto name = checkpoint_name(pod, checkpoint.index);
      wanted.insert(name);
      if (!there.contains(name)) out.missing.push_back(checkpoint_object(ns, pod, checkpoint));
    }
    for (const auto& [name, object] : there)
      if (kube::string_at(*object, "/spec/uid") == pod.uid.value &&
          kube::string_at(*object, "/spec/snapshot").empty() && !wanted.contains(name))
        out.superfluous.push_back(name);
  }
  return out;
}

}  // namespace cutline::op::policy
