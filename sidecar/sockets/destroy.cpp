#include "sidecar/sockets/destroy.hpp"

namespace cutline::sockets {
namespace {

bool is_orphan(const SocketInfo& socket) {
  switch (socket.state) {
    case TcpState::FinWait1:
    case TcpState::FinWait2:
    case TcpState::Closing:
    case TcpState::LastAck:
      return socket.inode == 0;
    case TcpState::TimeWait:
      return true;
    case TcpState::Established:
    case TcpState::SynSent:
    case TcpState::SynReceived:
    case TcpState::Close:
    case TcpState::CloseWait:
    case TcpState::Listen:
    case TcpState::NewSynReceived:
      return false;
  }
  return false;
}

// A dying process closes its sockets one after the other, and an abort may leave a TIME-WAIT: so look again until
// nothing is left.
Result<std::size_t> destroy_while(const std::function<bool(const SocketInfo&)>& chosen, Deadline deadline) {
  auto diag = Diag::open();
  if (!diag) return tl::unexpected(diag.error());
  for (std::size_t ended = 0;;) {
    const auto live = diag->tcp(deadline);
    if (!live) return tl::unexpected(live.error());
    std::size_t found = 0;
    for (const auto& socket : *live) {
      if (!chosen(socket)) continue;
      ++found;
      if (auto gone = diag->destroy(socket); !gone) return tl::unexpected(gone.error());
    }
    if (found == 0) return ended;
    ended += found;
    if (deadline.passed()) return fail(Code::Timeout, "sockets are still there after {} were destroyed", ended);
  }
}

}  // namespace

Result<std::size_t> destroy(const protocol::CounterTable& connections, Which which, Deadline deadline) {
  std::set<std::pair<Endpoint, Endpoint>> tuples;
  for (const auto& connection : connections) tuples.emplace(connection.local, connection.remote);
  return destroy_while(
      [&](const SocketInfo& socket) {
        return socket.state != TcpState::Listen && tuples.contains({socket.local, socket.remote}) &&
               (which == Which::All || is_orphan(socket));
      },
      deadline);
}

Result<std::size_t> destroy_orphans(std::uint16_t spare, Deadline deadline) {
  return destroy_while([&](const SocketInfo& socket) { return socket.local.port != spare && is_orphan(socket); },
                       deadline);
}

}  // namespace cutline::sockets
