// What the kernel tells of one TCP socket (sock_diag, TCP_INFO). Plain values.
#pragma once

#include "base/ids.hpp"
#include "protocol/counters.hpp"

namespace cutline::sockets {

using protocol::Endpoint;

// As numbered by the kernel, include/net/tcp_states.h.
enum class TcpState : std::uint8_t {
  Established = 1,
  SynSent,
  SynReceived,
  FinWait1,
  FinWait2,
  TimeWait,
  Close,
  CloseWait,
  LastAck,
  Listen,
  Closing,
  NewSynReceived,
};

// Programs that the sidecar runs beside the application are this user's: their connections are none of the pod's.
inline constexpr std::uint32_t kOwnUser = 0x43555420;

// A socket's own number, never reused until the machine starts again.
enum class Cookie : std::uint64_t {};
[[nodiscard]] constexpr std::uint64_t value(Cookie cookie) { return static_cast<std::uint64_t>(cookie); }

struct TcpCounters {  // of TCP_INFO; bytes, but for the segments
  std::uint64_t acked = 0;
  std::uint64_t received = 0;
  std::uint64_t sent = 0;  // with retransmissions
  std::uint64_t retransmitted = 0;
  std::uint32_t not_sent = 0;  // waits in the send queue for its first transmission
  std::uint32_t unacked = 0;   // segments in flight
  std::uint32_t segments_in = 0;
  std::uint32_t segments_out = 0;
  auto operator<=>(const TcpCounters&) const = default;
};

struct SocketInfo {
  int family = 0;  // the socket's: AF_INET or AF_INET6, also when an AF_INET6 socket speaks IPv4
  Endpoint local;  // an IPv4 address seen by an AF_INET6 socket is written as IPv4
  Endpoint remote;
  TcpState state = TcpState::Close;
  Cookie cookie{};
  std::uint32_t user = 0;   // who made it
  std::uint32_t inode = 0;  // 0: no process holds it (not accepted yet, or closed and still speaking)
  std::uint32_t receive_queue = 0;
  std::uint32_t send_queue = 0;
  std::optional<TcpCounters> tcp;  // not of Listen, TimeWait and NewSynReceived
  bool wiped =
      false;  // of a destroyed one: it was connected, and an abort (SO_LINGER of 0) took address and counters away
  bool operator==(const SocketInfo&) const = default;
};

using Sockets = std::vector<SocketInfo>;

}  // namespace cutline::sockets
