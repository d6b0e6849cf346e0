#include "sidecar/rounds/present.hpp"

#include "base/log.hpp"
#include "sidecar/gate/datagrams.hpp"
#include "sidecar/preflight/preflight.hpp"
#include "sidecar/sockets/destroy.hpp"

namespace cutline::sidecar {
namespace {

constexpr Millis kSockets{1000};

preflight::Subject subject_of(const Container& container) {
  const auto pids = container.freezer->pids().value_or(std::vector<pid_t>{});
  return {container.name, container.keeper, {pids.begin(), pids.end()}, {container.launcher}};
}

}  // namespace

bool all_live(const Launchers& launchers) {
  const auto containers = launchers.containers();
  return containers && std::ranges::all_of(*containers, &Container::runs) && launchers.failures().empty();
}

Result<protocol::LocalCheckpoint> present(PodParts& pod) {
  const auto live = sockets::tcp_sockets(Deadline::after(kSockets));
  if (!live) return forward(live, "counters");
  const auto flows = gate::datagrams();
  if (!flows) return forward(flows, "datagrams");
  protocol::LocalCheckpoint out;
  out.counters = pod.tracker.counters(*live);
  out.flows = pod.tracker.flows(*flows);
  auto told = pod.tracker.told();
  out.parent = told.parent;
  out.closed = std::move(told.closed);
  out.observed = told.observed;
  return out;
}

Status sever(const PodParts& pod, const std::vector<protocol::Connection>& connections) {
  protocol::CounterTable chosen;
  for (const auto& connection : connections)
    if (connection.local.port != pod.control_port) chosen.push_back({connection.local, connection.remote});
  const auto ended = sockets::destroy(chosen, sockets::Which::All, Deadline::after(kSockets));
  if (!ended) return tl::unexpected(ended.error());
  log::info("connections severed", {{"asked", connections.size()}, {"ended", *ended}});
  return {};
}

Result<std::vector<protocol::Finding>> preflight_findings(const PodParts& pod) {
  const auto containers = pod.launchers.containers();
  if (!containers) return tl::unexpected(containers.error());
  std::vector<protocol::Finding> out;
  for (const auto& container : *containers)
    for (auto& finding : preflight::inspect(subject_of(container))) out.push_back(std::move(finding));
  if (!pod.sees_datagrams)
    out.push_back({false, "", "", "datagrams of this pod",
                   "this kernel cannot count them (nftables dynamic sets): pods that talk by UDP alone are taken for "
                   "independent"});
  if (!pod.sees_closings)
    out.push_back(
        {false, "", "", "connections that have closed",
         "this kernel does not tell of them (sock_diag notifications): every pod is taken to depend on this one"});
  return out;
}

}  // namespace cutline::sidecar
