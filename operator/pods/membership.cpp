#include "operator/pods/membership.hpp"

#include "operator/api/resources.hpp"

namespace cutline::op {

Result<Members> plan_members(const Selector& selector, const std::vector<Pod>& pods) {
  Members out;
  for (const auto& pod : pods) {
    if (!selector.matches(pod.labels) || pod.ending) continue;
    if (!pod.asks)
      return fail(Code::Invalid,
                  "pod {} is selected but does not take part: give its template the label cutline.dev/inject: \"true\"",
                  pod.name);
    if (!pod.injected)
      return fail(Code::Invalid,
                  "pod {} was made before Cutline could add its sidecar: delete it, so that it is made anew", pod.name);
    if (!pod.sidecar_ready || pod.addresses.empty())
      return fail(Code::Unavailable, "pod {}: its sidecar is not ready yet", pod.name);
    if (!pod.not_running.empty())
      return fail(Code::Unavailable, "pod {}: container {} is not running", pod.name, pod.not_running.front());
    out.emplace(pod.uid, pod);
  }
  if (out.empty())
    return fail(Code::NotFound, "no pod matches the selector {}: check spec.selector and the pods' labels",
                selector.query());
  return out;
}

control::Peer peer_of(const Pod& pod) {
  return {pod.uid, pod.addresses.empty() ? std::string{} : pod.addresses.front(), kControlPort};
}

std::vector<control::Peer> peers_of(const Members& members) {
  std::vector<control::Peer> out;
  for (const auto& [uid, pod] : members) out.push_back(peer_of(pod));
  return out;
}

bool reachable(const Pod& pod) { return pod.injected && pod.sidecar_ready && !pod.ending && !pod.addresses.empty(); }

const Pod* find_pod(const std::vector<Pod>& pods, const PodUid& uid) {
  const auto found = std::ranges::find(pods, uid, &Pod::uid);
  return found == pods.end() ? nullptr : &*found;
}

Error with_names(Error error, const Members& members) {
  for (const auto& [uid, pod] : members)
    for (auto at = error.message.find(uid.value); at != std::string::npos;
         at = error.message.find(uid.value, at + pod.name.size()))
      error.message.replace(at, uid.value.size(), pod.name);
  return error;
}

}  // namespace cutline::op
