#include "tests/unit/operator/samples.hpp"

#include "operator/api/conditions.hpp"
#include "operator/api/resources.hpp"

namespace cutline::op::samples {

Json pod_object(const std::string& name, const std::string& address, const std::string& app) {
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata",
           {{"namespace", "bank"},
            {"name", name},
            {"uid", name + "-uid"},
            {"labels", {{"app", app}, {kInjectLabel, "true"}}}}},
          {"spec",
           {{"nodeName", "node-a"},
            {"initContainers", {{{"name", "cutline-sidecar"}}}},
            {"containers", {{{"name", "ledger"}, {"command", {"/ledger"}}}}}}},
          {"status",
           {{"phase", "Running"},
            {"podIPs", {{{"ip", address}}}},
            {"initContainerStatuses", {{{"name", "cutline-sidecar"}, {"started", true}}}},
            {"containerStatuses", {{{"name", "ledger"}, {"state", {{"running", {{"startedAt", kNow}}}}}}}}}}};
}

Pod pod(const std::string& name, const std::string& address, const std::string& app) {
  return read_pod(pod_object(name, address, app));
}

std::vector<Pod> ledgers(int count) {
  std::vector<Pod> out;
  for (int i = 0; i < count; ++i) out.push_back(pod(fmt::format("ledger-{}", i), fmt::format("10.0.0.{}", i + 1)));
  return out;
}

Members members(const std::vector<Pod>& pods) {
  Members out;
  for (const auto& one : pods) out.emplace(one.uid, one);
  return out;
}

Json snapshot(const std::string& name) {
  return {{"apiVersion", "cutline.dev/v1alpha1"},
          {"kind", "DistributedSnapshot"},
          {"metadata",
           {{"namespace", "bank"},
            {"name", name},
            {"uid", name + "-uid"},
            {"generation", 1},
            {"finalizers", {kFinalizer}}}},
          {"spec", {{"policyRef", {{"name", "ledger"}}}}}};
}

Json committed(const std::string& name, std::uint64_t epoch) {
  auto out = snapshot(name);
  out["status"]["epoch"] = epoch;
  for (const auto* pod : {"ledger-0", "ledger-1"})
    out["status"]["members"].push_back({{"pod", pod},
                                        {"uid", std::string{pod} + "-uid"},
                                        {"node", "node-a"},
                                        {"checkpoint", 3},
                                        {"digest", fmt::format("sha256:{}-{}", pod, epoch)},
                                        {"bytes", 100}});
  set_condition(out, {"Planned", true, "MembersFixed", ""}, kNow);
  set_condition(out, {"Committed", true, "Consistent", ""}, kNow);
  return out;
}

Json composed(const std::string& name, std::uint64_t epoch) {
  auto out = committed(name, epoch);
  auto& status = out["status"];
  auto left_out = status["members"][1];
  left_out.update({{"epoch", 7}, {"digest", "sha256:ledger-1-7"}, {"snapshot", "first"}, {"addresses", {"10.0.0.2"}}});
  left_out["names"] = {{"addresses", {{{"from", "10.0.0.8"}, {"to", "10.0.0.1"}}}}, {"remotes", Json::array()}};
  status["members"].erase(1);
  status["members"][0]["addresses"] = {"10.0.0.1"};
  status["protocol"] = "Incremental";
  status["composition"] = {{"leftOut", {std::move(left_out)}},
                           {"close", {{{"pod", "ledger-1"}, {"local", "10.0.0.2:7000"}, {"remote", "192.0.2.1:443"}}}}};
  set_condition(out, {"RestorableAlone", true, "Composed", ""}, kNow);
  return out;
}

Json policy() {
  return {{"apiVersion", "cutline.dev/v1alpha1"},
          {"kind", "SnapshotPolicy"},
          {"metadata", {{"namespace", "bank"}, {"name", "ledger"}, {"uid", "policy-uid"}, {"generation", 2}}},
          {"spec",
           {{"selector", {{"matchLabels", {{"app", "ledger"}}}}},
            {"protocol", "Coordinated"},
            {"deadline", "5s"},
            {"gate", "Queue"}}}};
}

Json rollback(const Json& spec) {
  return {{"apiVersion", "cutline.dev/v1alpha1"},
          {"kind", "Rollback"},
          {"metadata", {{"namespace", "bank"}, {"name", "back"}, {"uid", "back-uid"}, {"generation", 1}}},
          {"spec", spec}};
}

std::string condition(const Json& object, const std::string& type, const std::string& field) {
  const auto* found = find_condition(object, type);
  return found == nullptr ? std::string{} : found->value(field, "");
}

}  // namespace cutline::op::samples
