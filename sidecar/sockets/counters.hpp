// From what the kernel tells of a socket to bytes since its own beginning. Pure.
//
// TCP_INFO counts sequence numbers:
//   acked     bytes_acked, less 1 for the SYN of the end that connected
//   sent      acked + send queue - not sent
//   received  bytes_received
// A FIN takes one number and counts as a byte of its sender's, at both ends alike: "I send no more" is a message too,
// which must not be known to one end and unsaid by the other. (docs/decisions/a-fin-is-a-byte.md) Exact while the
// process is frozen and the gate closed: the send queue is read apart from the rest.
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
// Of a destroyed socket. Nothing if it was never connected, or was wiped.
[[nodiscard]] std::optional<Moved> moved_in_all(const SocketInfo& gone, Origin origin);

using Ports = std::set<std::uint16_t>;
[[nodiscard]] Ports listening_in(const Sockets& all);

// Which end connected, of a socket that was not restored, live or destroyed. The kernel does not say, but two of its
// figures differ by the SYN: the sequence numbers used up, and the payload that was sent. That difference is exactly 1
// or 0 unless transmissions have failed locally, or the socket is gone and may have sent a FIN; then a listener on the
// same local port means that it was accepted.
[[nodiscard]] Origin origin_of(const SocketInfo& socket, const Ports& listening);

// A connection with another pod's: connected, and not to this pod itself (both ends of that lie in one image).
[[nodiscard]] bool crosses_pods(const SocketInfo& socket);
// The same of a destroyed one.
[[nodiscard]] bool between_pods(const SocketInfo& socket);

}  // namespace cutline::sockets
