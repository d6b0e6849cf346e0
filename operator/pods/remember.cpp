#include "operator/pods/remember.hpp"

#include "operator/api/resources.hpp"

namespace cutline::op {
namespace {

constexpr Millis kRead{10'000};
constexpr Millis kRecall{10'000};

// A client's socket shows the Service; which pods it may have led to, the Service's selector says.
std::vector<std::string> services_of(const Pod& pod, const std::vector<Json>& services) {
  std::vector<std::string> out;
  for (const auto& service : services) {
    Selector selector;
    const auto labels = service.value(Json::json_pointer("/spec/selector"), Json::object());
    for (const auto& [key, label] : labels.items()) selector.match_labels[key] = label.get<std::string>();
    if (selector.match_labels.empty() || !selector.matches(pod.labels)) continue;
    for (const auto& ip : service.value(Json::json_pointer("/spec/clusterIPs"), Json::array()))
      if (ip != "None") out.push_back(ip.get<std::string>());
  }
  return out;
}

Error unavailable(const Pod& pod, const std::string& why) { return {Code::Unavailable, fmt::format("pod {}: {}", pod.name, why)}; }

}  // namespace

Result<Workload> remember(Context& context, const std::string& ns, const Selector& selector, const std::vector<Pod>& pods) {
  const auto members = plan_members(selector, pods);
  if (!members) return tl::unexpected(members.error());
  const auto services = context.items(kServices, ns, Deadline::after(kRead));
  if (!services) return tl::unexpected(services.error());
  std::vector<control::Peer> peers;
  for (const auto& [uid, pod] : *members) peers.push_back(peer_of(pod));
  const auto histories = ask_all(context.fleet, peers, protocol::Recall{}, Deadline::after(kRecall));
  const auto failures = ask_all(context.fleet, peers, protocol::Probe{}, Deadline::after(kRecall));
  Workload out;
  for (const auto& [uid, pod] : *members) {
    const auto& told = histories.at(uid);
    const auto& probed = failures.at(uid);
    if (!told || !probed) return tl::unexpected(unavailable(pod, (told ? probed : told).error().message));
    const auto* history = std::get_if<protocol::History>(&*told);
    const auto* health = std::get_if<protocol::Probed>(&*probed);
    if (history == nullptr || health == nullptr) {
      const auto* refused = std::get_if<protocol::Refused>(history == nullptr ? &*told : &*probed);
      return tl::unexpected(unavailable(pod, refused != nullptr ? refused->why.message : "it answered something else"));
    }
    out.pods.push_back({pod, services_of(pod, *services), *history, health->failures});
  }
  return out;
}

}  // namespace cutline::op
