// The nftables table of the gate, as the netlink messages that make and switch it. Pure: nothing is sent here.
//
//   table inet cutline
//     set closed     the switch: holds one element while the gate is closed; the element's time-out is the deadline
//     set held4, held6   (source, port, destination, port) of TCP segments dropped on lo
//     set sent4, sent6, received4, received6   (local address, remote address) of datagrams, with a counter each
//     chain incoming (prerouting, raw), outgoing (output, raw), arrived (input, raw):
//       lo: drop what is in held4 or held6, accept the rest
//       accept, if the switch is off
//       accept the control port, neighbour discovery, and sockets that carry `own_mark`
//       queue without bypass, or drop
//     Outgoing datagrams are counted before the gate, in `arrived` those that came through it: so a counter read behind
//     the closed gate of a frozen application says what its state has sent and received.
//
// ARP never comes to these hooks. An nft transaction is atomic, so that the switch outlives a remake of the rules.
#pragma once

#include "base/ids.hpp"
#include "protocol/counters.hpp"
#include "sidecar/netlink/message.hpp"

namespace cutline::gate {

using Messages = std::vector<netlink::Message>;

// How closed traffic is held. Which of the two queueing ways a kernel has must be tried.
enum class Hold {
  Queue,        // nft's own queue expression (module nft_queue)
  QueueTarget,  // the NFQUEUE target of iptables (nft_compat and xt_NFQUEUE)
  Drop,
  Nothing,  // the switch has no effect; test-only
};

inline constexpr std::uint32_t own_mark = 0x43555420;  // SO_MARK of the sidecar's own outgoing sockets

struct Plan {
  Hold hold = Hold::Queue;
  bool match_sockets = true;  // incoming packets of marked sockets pass too (module nft_socket)
  bool count_datagrams = true;
  std::uint16_t control_port = 0;
  std::uint16_t queue = 0;
};

[[nodiscard]] Messages install(const Plan& plan);  // keeps what the sets hold
[[nodiscard]] Messages uninstall();
[[nodiscard]] Messages switch_on(std::optional<Millis> timeout);  // replaces an earlier time-out
[[nodiscard]] Messages switch_off();
[[nodiscard]] std::vector<netlink::Message> read_datagrams();  // of sent4, sent6, received4, received6
[[nodiscard]] netlink::Message read_switch();
[[nodiscard]] std::optional<Millis> expiration(netlink::View answer);  // of read_switch; nothing: it has no time-out
// Both directions of each connection. Addresses that are none are left out.
[[nodiscard]] Messages hold_loopback(std::span<const protocol::Counters> connections);
[[nodiscard]] Messages release_loopback();

}  // namespace cutline::gate
