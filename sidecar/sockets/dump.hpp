// Reads and ends the TCP sockets of the network namespace of the calling thread (or of the one where a Diag was
// opened).
//
// Needs CAP_NET_ADMIN. About 2.3 us a socket. A dump of running sockets is no snapshot: each is read at its own
// instant. man 7 sock_diag; linux/inet_diag.h.
#pragma once

#include "base/deadline.hpp"
#include "sidecar/netlink/socket.hpp"
#include "sidecar/sockets/socket_info.hpp"

namespace cutline::sockets {

class Diag {
 public:
  [[nodiscard]] static Result<Diag> open();
  // All of both families and in all states, but for those of kOwnUser. Timeout: more of them than the deadline allows
  // to read.
  [[nodiscard]] Result<Sockets> tcp(Deadline deadline);
  // Ends a socket in whatever state (SOCK_DESTROY): its process gets ECONNABORTED, its tuple is free. A connected one
  // sends a RST: behind a closed gate that waits with the other packets, so discard them before opening. One that is
  // gone already: fine.
  [[nodiscard]] Status destroy(const SocketInfo& socket);

 private:
  explicit Diag(netlink::Socket socket) : socket_(std::move(socket)) {}
  netlink::Socket socket_;
};

// What one message of sock_diag says, an answer or a notification.
[[nodiscard]] SocketInfo read_socket(netlink::View payload);

// For single calls.
[[nodiscard]] Result<Sockets> tcp_sockets(Deadline deadline);

}  // namespace cutline::sockets
