#pragma once

#include "sidecar/sockets/socket_info.hpp"

namespace cutline::sockets {

inline SocketInfo socket_of(std::uint64_t cookie, TcpCounters tcp, TcpState state = TcpState::Established) {
  SocketInfo out;
  out.local = {"10.0.0.1", 4000};
  out.remote = {"10.0.0.2", 80};
  out.state = state;
  out.cookie = Cookie{cookie};
  out.inode = 7;
  out.tcp = tcp;
  return out;
}

inline SocketInfo with_send_queue(SocketInfo socket, std::uint32_t bytes) {
  socket.send_queue = bytes;
  return socket;
}

}  // namespace cutline::sockets
