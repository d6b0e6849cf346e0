#include "sidecar/sockets/counters.hpp"

namespace cutline::sockets {
namespace {

bool own_fin_sent(TcpState state) {
  return state == TcpState::FinWait1 || state == TcpState::Closing || state == TcpState::LastAck;
}

bool peer_fin_received(TcpState state) {
  return state == TcpState::CloseWait || state == TcpState::Closing || state == TcpState::LastAck;
}

bool is_connected(TcpState state) {
  switch (state) {
    case TcpState::Established:
    case TcpState::FinWait1:
    case TcpState::FinWait2:
    case TcpState::CloseWait:
    case TcpState::LastAck:
    case TcpState::Closing:
      return true;
    case TcpState::SynSent:
    case TcpState::SynReceived:
    case TcpState::TimeWait:
    case TcpState::Close:
    case TcpState::Listen:
    case TcpState::NewSynReceived:
      return false;
  }
  return false;
}

std::uint64_t less(std::uint64_t value, std::uint64_t by) { return value > by ? value - by : 0; }

bool is_loopback(const std::string& address) { return address == "::1" || address.starts_with("127."); }

}  // namespace

std::optional<Moved> moved(const SocketInfo& socket, Origin origin) {
  if (!socket.tcp || !is_connected(socket.state)) return std::nullopt;
  const std::uint64_t syn = origin == Origin::Connected ? 1 : 0;
  const std::uint64_t una = less(socket.tcp->acked, syn);  // with an acknowledged FIN
  const std::uint64_t next = una + less(socket.send_queue, socket.tcp->not_sent);
  // A FIN that is not sent yet stands among the bytes not sent.
  const bool fin_out = own_fin_sent(socket.state) && socket.tcp->not_sent == 0;
  const std::uint64_t fin_acked = socket.state == TcpState::FinWait2 ? 1 : 0;
  return Moved{
      .acked = less(una, fin_acked),
      .sent = less(next, fin_acked + (fin_out ? 1 : 0)),
      .received = less(socket.tcp->received, peer_fin_received(socket.state) ? 1 : 0),
  };
}

Origin origin_of(const SocketInfo& socket, const Sockets& all) {
  if (const auto as_if_accepted = moved(socket, Origin::Accepted)) {
    const auto payload = less(socket.tcp->sent, socket.tcp->retransmitted);
    if (as_if_accepted->sent == payload) return Origin::Accepted;
    if (as_if_accepted->sent == payload + 1) return Origin::Connected;
  }
  const bool listened = std::ranges::any_of(all, [&](const SocketInfo& other) {
    return other.state == TcpState::Listen && other.local.port == socket.local.port;
  });
  return listened ? Origin::Accepted : Origin::Connected;
}

bool crosses_pods(const SocketInfo& socket) {
  return is_connected(socket.state) && socket.tcp && !is_loopback(socket.remote.address) &&
         socket.remote.address != socket.local.address;
}

}  // namespace cutline::sockets
