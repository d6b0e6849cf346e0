#include "operator/pods/remember.hpp"

#include "operator/api/resources.hpp"
#include "operator/pods/services.hpp"

namespace cutline::op {
namespace {

constexpr Millis kRecall{10'000};

Error unavailable(const Pod& pod, const std::string& why) {
  return {Code::Unavailable, fmt::format("pod {}: {}", pod.name, why)};
}

}  // namespace

Result<Workload> remember(Context& context, const std::string& ns, const Selector& selector,
                          const std::vector<Pod>& pods) {
  const auto members = plan_members(selector, pods);
  if (!members) return tl::unexpected(members.error());
  const auto services = context.items(kServices, ns, Deadline::after(kRead));
  if (!services) return tl::unexpected(services.error());
  const auto peers = peers_of(*members);
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
