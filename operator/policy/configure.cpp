#include "operator/policy/configure.hpp"

#include "base/log.hpp"
#include "operator/pods/membership.hpp"
#include "operator/policy/orders.hpp"

namespace cutline::op::policy {
namespace {

constexpr Millis kTell{3'000};

}  // namespace

void configure(Context& context, const std::vector<Pod>& pods, const std::vector<kube::Json>& policies) {
  std::vector<std::pair<control::Peer, protocol::Command>> orders;
  for (const auto& pod : pods)
    if (reachable(pod)) orders.emplace_back(peer_of(pod), orders_for(pod, policies));
  for (const auto& [uid, reply] : ask_each(context.fleet, std::move(orders), Deadline::after(kTell)))
    if (!reply) log::debug("a sidecar was not told its orders", {{"pod", uid.value}, {"error", reply.error()}});
}

}  // namespace cutline::op::policy
