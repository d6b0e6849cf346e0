#include "sidecar/sockets/drain.hpp"

#include <thread>

#include "sidecar/sockets/counters.hpp"

namespace cutline::sockets {
namespace {

constexpr Micros between_looks{100};

struct Picture {
  std::map<Cookie, std::pair<TcpCounters, std::uint32_t>> sockets;  // counters and send queue
  bool unacked = false;
};

Picture picture(const Sockets& live, std::uint16_t spare) {
  Picture out;
  for (const auto& socket : live) {
    if (!crosses_pods(socket) || socket.local.port == spare) continue;
    out.sockets.emplace(socket.cookie, std::pair{*socket.tcp, socket.send_queue});
    out.unacked = out.unacked || socket.tcp->unacked > 0;
  }
  return out;
}

}  // namespace

Result<bool> wait_drained(std::uint16_t spare, Deadline deadline, Quiet quiet) {
  auto diag = Diag::open();
  if (!diag) return tl::unexpected(diag.error());
  Picture before;
  auto since = std::chrono::steady_clock::now();
  for (bool first = true;; first = false) {
    const auto looked = std::chrono::steady_clock::now();
    const auto live = diag->tcp(deadline);
    if (!live && live.error().code == Code::Timeout) return false;
    if (!live) return tl::unexpected(live.error());
    auto now = picture(*live, spare);
    if (first || now.sockets != before.sockets) since = looked;
    if (now.sockets.empty() || looked - since >= (now.unacked ? quiet.unanswered : quiet.settled)) return true;
    if (deadline.passed()) return false;
    before = std::move(now);
    std::this_thread::sleep_for(between_looks);
  }
}

}  // namespace cutline::sockets
