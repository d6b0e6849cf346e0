// How the server of a repository on a volume stands: what is missing, in words that help.
#include <ranges>

#include "operator/api/conditions.hpp"
#include "operator/repository/server_plan.hpp"

namespace cutline::op::repository {
namespace {

using Pointer = Json::json_pointer;

bool serves(const Json& deployment) {
  const auto number = [&](const char* pointer) { return deployment.value(Pointer{pointer}, std::int64_t{0}); };
  return number("/status/observedGeneration") >= number("/metadata/generation") &&
         number("/status/updatedReplicas") > 0 && number("/status/readyReplicas") > 0;
}

// The one that was made last, and is not ending; null: none.
Json present(const std::vector<Json>& pods) {
  Json out;
  for (const auto& pod : pods)
    if (!kube::is_being_deleted(pod) && (out.is_null() || kube::string_at(pod, "/metadata/creationTimestamp") >
                                                              kube::string_at(out, "/metadata/creationTimestamp")))
      out = pod;
  return out;
}

std::string with(const std::string& what, const std::string& why) { return why.empty() ? what : what + ": " + why; }

// What its container waits for, if it is more than its turn.
std::optional<Error> stuck(const std::string& name, const Json& pod) {
  for (const auto& container : kube::list_at(pod, "/status/containerStatuses")) {
    const auto reason = kube::string_at(container, "/state/waiting/reason");
    const bool ended = container.contains(Pointer{"/state/terminated"});
    if (!ended && (reason.empty() || reason == "ContainerCreating" || reason == "PodInitializing")) continue;
    const char* last = ended ? "/state/terminated/message" : "/lastState/terminated/message";
    auto said = kube::string_at(container, last);
    while (said.ends_with('\n')) said.pop_back();
    return Error{Code::Unavailable,
                 with(with(fmt::format("its server's pod {} does not run: {}", name, ended ? "it has ended" : reason),
                           kube::string_at(container, "/state/waiting/message")),
                      said)};
  }
  return std::nullopt;
}

Standing of_pod(const Json& pod, const std::string& unbound) {
  const auto name = kube::key_of(pod).name;
  if (const auto* scheduled = find_condition(pod, "PodScheduled");
      scheduled != nullptr && scheduled->value("status", "") == "False")
    return Error{Code::Unavailable, with(fmt::format("its server's pod {} finds no node{}", name, unbound),
                                         scheduled->value("message", ""))};
  if (auto why = stuck(name, pod)) return *std::move(why);
  const auto node = kube::string_at(pod, "/spec/nodeName");
  return Starts{fmt::format("its server's pod {} is starting{}{}; if it takes long, see kubectl describe pod {}", name,
                            node.empty() ? "" : " on node " + node, unbound, name)};
}

}  // namespace

// Quotas and admission refuse by the same number as RBAC.
Error not_made(const Error& why, std::string_view object) {
  if (why.code != Code::Unsupported) return why.in(fmt::format("the server of the volume: {}", object));
  const bool rights = why.message.find(" cannot ") != std::string::npos;
  return {Code::Invalid,
          fmt::format("the operator may not make the server of the volume, here its {}{}: {}", object,
                      rights ? "; the chart gives it the rights with repositories.volumes=true" : "", why.message)};
}

Standing standing(const Json& repository, const Json& deployment, const Json& claim, const std::vector<Json>& pods) {
  const auto name = kube::string_at(repository, "/spec/volume/claimName");
  if (!name.empty() && claim.is_null())
    return Error{
        Code::NotFound,
        fmt::format("there is no PersistentVolumeClaim {} in this namespace: make it, or see spec.volume.claimName",
                    name)};
  const auto phase = kube::string_at(claim, "/status/phase");
  if (phase == "Lost")
    return Error{Code::Unavailable, fmt::format("the PersistentVolumeClaim {} has lost its volume", name)};
  if (serves(deployment)) return Serves{};
  const auto unbound = name.empty() || phase == "Bound"
                           ? ""
                           : fmt::format(", and the PersistentVolumeClaim {} is not bound to a volume yet", name);
  if (const auto pod = present(pods); pod.is_object()) return of_pod(pod, unbound);
  if (is_true(deployment, "ReplicaFailure"))
    return Error{Code::Invalid,
                 "its server's pod is refused: " + find_condition(deployment, "ReplicaFailure")->value("message", "")};
  return Starts{"its server is being started" + unbound};
}

}  // namespace cutline::op::repository
