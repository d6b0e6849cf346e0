#include "sidecar/sockets/counters.hpp"

namespace cutline::sockets {
namespace {

// A FIN that is not sent yet stands among the bytes not sent.
bool own_fin_sent(const SocketInfo& socket) {
  const bool out =
      socket.state == TcpState::FinWait1 || socket.state == TcpState::Closing || socket.state == TcpState::LastAck;
  return socket.state == TcpState::FinWait2 || (out && socket.tcp->not_sent == 0);
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

Moved read(const SocketInfo& socket, Origin origin) {
  const auto una = less(socket.tcp->acked, origin == Origin::Connected ? 1 : 0);
  return {.acked = una, .sent = una + less(socket.send_queue, socket.tcp->not_sent), .received = socket.tcp->received};
}

}  // namespace

std::optional<Moved> moved(const SocketInfo& socket, Origin origin) {
  if (!socket.tcp || !is_connected(socket.state)) return std::nullopt;
  return read(socket, origin);
}

std::optional<Moved> moved_in_all(const SocketInfo& gone, Origin origin) {
  if (!gone.tcp || gone.remote.port == 0) return std::nullopt;
  // Nobody has answered: the SYN that waits is no connection yet. A restored socket's figures begin with 0.
  const bool silent = gone.tcp->acked == 0 && gone.tcp->received == 0 && gone.tcp->sent == 0;
  if (silent && origin != Origin::Restored) return std::nullopt;
  return read(gone, origin);
}

Origin origin_of(const SocketInfo& socket, const Ports& listening) {
  if (socket.tcp) {
    const auto payload = less(socket.tcp->sent, socket.tcp->retransmitted);
    const auto next = read(socket, Origin::Accepted).sent;
    const bool ended = socket.state == TcpState::Close;  // whether with a FIN is not known
    const auto fin = !ended && own_fin_sent(socket) ? 1U : 0U;
    if (next == payload + fin) return Origin::Accepted;
    if (next == payload + (ended ? 2 : fin + 1)) return Origin::Connected;
  }
  return listening.contains(socket.local.port) ? Origin::Accepted : Origin::Connected;
}

Ports listening_in(const Sockets& all) {
  Ports out;
  for (const auto& socket : all)
    if (socket.state == TcpState::Listen) out.insert(socket.local.port);
  return out;
}

bool between_pods(const SocketInfo& socket) {
  return !is_loopback(socket.remote.address) && socket.remote.address != socket.local.address;
}

bool crosses_pods(const SocketInfo& socket) { return is_connected(socket.state) && socket.tcp && between_pods(socket); }

}  // namespace cutline::sockets
