// From what the kernel tells of a socket to bytes since its own beginning. Pure.
//
// TCP_INFO counts sequence numbers, and SYN and FIN take one each:
//   acked     bytes_acked, less 1 for the SYN of the end that connected, less 1 when our FIN is acknowledged
//   (FIN-WAIT-2) sent      acked + send queue - not sent, less 1 when our FIN is on its way (FIN-WAIT-1, CLOSING,
//   LAST-ACK) received  bytes_received, less 1 when the peer's FIN has come (CLOSE-WAIT, CLOSING, LAST-ACK)
// Exact while the process is frozen and the gate closed: the send queue is read apart from the rest.
#pragma once

#include "sidecar/sockets/socket_info.hpp"

namespace cutline::sockets {

// Whether bytes_acked counts a SYN.
enum class Origin {
  Connected,  // this end sent the SYN
  Accepted,   // the other end did
  Restored,   // by TCP_REPAIR: no SYN at all
};

struct Moved {
  std::uint64_t acked = 0, sent = 0, received = 0;
  auto operator<=>(const Moved&) const = default;
};

// Nothing for sockets that have no counters or are not connected yet.
[[nodiscard]] std::optional<Moved> moved(const SocketInfo& socket, Origin origin);

// Which end connected, of a socket that was not restored. The kernel does not say, but two of its figures differ by the
// SYN: the sequence numbers used up, and the payload that was sent. That difference is exactly 1 or 0 unless
// transmissions have failed locally; then a listener on the same local port means that this socket was accepted.
[[nodiscard]] Origin origin_of(const SocketInfo& socket, const Sockets& all);

// A connection with another pod's: connected, and not to this pod itself (both ends of that lie in one image).
[[nodiscard]] bool crosses_pods(const SocketInfo& socket);

}  // namespace cutline::sockets
