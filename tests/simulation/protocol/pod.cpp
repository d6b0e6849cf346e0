#include "pod.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cutline::simulation {

std::string address_of(std::size_t pod) { return fmt::format("10.0.0.{}", pod); }

protocol::Connection connection_of(std::size_t pod, std::size_t peer) {
  const auto client_port = static_cast<std::uint16_t>(40000 + std::max(pod, peer));
  const auto port_of = [&](std::size_t end) { return end == std::min(pod, peer) ? client_port : std::uint16_t{5000}; };
  return {{address_of(pod), port_of(pod)}, {address_of(peer), port_of(peer)}};
}

protocol::CounterTable counters_of(std::size_t pod, const Application& application) {
  protocol::CounterTable table;
  for (const auto& [peer, stream] : application) {
    const auto [local, remote] = connection_of(pod, peer);
    table.push_back({local, remote, stream.acked, stream.sent.size(), stream.received.size()});
  }
  return table;
}

std::string contradiction(const Stream& sender, const Stream& receiver) {
  const auto& sent = sender.sent;
  const auto& received = receiver.received;
  if (received.size() > sent.size() || !std::equal(received.begin(), received.end(), sent.begin())) {
    return "an orphan: the receiver's state has a byte that the sender's state has not sent";
  }
  if (received.size() < sender.acked)
    return "a loss: a byte is neither in the receiver's state nor kept by the sender's socket";
  return {};
}

}  // namespace cutline::simulation
