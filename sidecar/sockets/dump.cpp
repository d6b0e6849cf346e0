#include "sidecar/sockets/dump.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <sys/socket.h>

#include <array>

namespace cutline::sockets {
namespace {

constexpr std::uint32_t every_state = 0xffffffffU;
constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::string address_text(int family, const std::uint32_t* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool mapped = family == AF_INET6 && std::memcmp(address, mapped_prefix.data(), mapped_prefix.size()) == 0;
  ::inet_ntop(mapped ? AF_INET : family, mapped ? address + 3 : address, text.data(), text.size());
  return text.data();
}

Cookie cookie_of(const inet_diag_sockid& id) {
  return Cookie{id.idiag_cookie[0] | (static_cast<std::uint64_t>(id.idiag_cookie[1]) << 32U)};
}

std::optional<tcp_info> info_of(TcpState state, netlink::View attributes) {
  if (state == TcpState::Listen || state == TcpState::TimeWait || state == TcpState::NewSynReceived)
    return std::nullopt;
  const auto found = netlink::Attributes{attributes}.find(INET_DIAG_INFO);
  return found ? std::optional{netlink::read_prefix<tcp_info>(*found)} : std::nullopt;
}

// tcp_disconnect() forgets when data came, and reports the time since the machine's start; when the last
// acknowledgement came it keeps. One that was never connected has had neither.
bool has_been_wiped(const SocketInfo& socket, const tcp_info& info) {
  return socket.state == TcpState::Close && socket.remote.port == 0 &&
         info.tcpi_last_ack_recv < info.tcpi_last_data_recv;
}

TcpCounters counters_of(const tcp_info& info) {
  return TcpCounters{info.tcpi_bytes_acked,   info.tcpi_bytes_received, info.tcpi_bytes_sent, info.tcpi_bytes_retrans,
                     info.tcpi_notsent_bytes, info.tcpi_unacked,        info.tcpi_segs_in,    info.tcpi_segs_out};
}

}  // namespace

SocketInfo read_socket(netlink::View payload) {
  const auto head = netlink::read_prefix<inet_diag_msg>(payload);
  SocketInfo out;
  out.family = head.idiag_family;
  out.local = {address_text(out.family, head.id.idiag_src), ntohs(head.id.idiag_sport)};
  out.remote = {address_text(out.family, head.id.idiag_dst), ntohs(head.id.idiag_dport)};
  out.state = static_cast<TcpState>(head.idiag_state);
  out.cookie = cookie_of(head.id);
  out.user = head.idiag_uid;
  out.inode = head.idiag_inode;
  out.receive_queue = head.idiag_rqueue;
  out.send_queue = head.idiag_wqueue;
  const auto info = info_of(out.state, payload.subspan(std::min(payload.size(), sizeof head)));
  if (!info) return out;
  out.tcp = counters_of(*info);
  out.wiped = has_been_wiped(out, *info);
  return out;
}

namespace {

void put_address(int family, const std::string& text, std::uint32_t* address) {
  if (::inet_pton(family, text.c_str(), address) == 1) return;
  std::memcpy(address, mapped_prefix.data(), mapped_prefix.size());  // IPv4 spoken by an AF_INET6 socket
  (void)::inet_pton(AF_INET, text.c_str(), address + 3);
}

}  // namespace

Result<Diag> Diag::open() {
  auto socket = netlink::Socket::open(NETLINK_SOCK_DIAG);
  if (!socket) return tl::unexpected(socket.error());
  return Diag{std::move(*socket)};
}

Result<Sockets> Diag::tcp(Deadline deadline) {
  Sockets out;
  for (const int family : {AF_INET, AF_INET6}) {
    inet_diag_req_v2 request{};
    request.sdiag_family = static_cast<std::uint8_t>(family);
    request.sdiag_protocol = IPPROTO_TCP;
    request.idiag_ext = 1U << (INET_DIAG_INFO - 1U);
    request.idiag_states = every_state;
    auto read_all = socket_.query(netlink::Message(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, request), "dump TCP sockets",
                                  [&](const netlink::Answer& answer) {
                                    auto socket = read_socket(answer.payload);
                                    if (socket.user != kOwnUser) out.push_back(std::move(socket));
                                  });
    if (!read_all) return tl::unexpected(read_all.error());
    if (deadline.passed()) return fail(Code::Timeout, "dump TCP sockets: {} read when the deadline passed", out.size());
  }
  return out;
}

Status Diag::destroy(const SocketInfo& socket) {
  inet_diag_req_v2 request{};
  request.sdiag_family = static_cast<std::uint8_t>(socket.family);
  request.sdiag_protocol = IPPROTO_TCP;
  request.idiag_states = every_state;
  request.id.idiag_sport = htons(socket.local.port);
  request.id.idiag_dport = htons(socket.remote.port);
  put_address(socket.family, socket.local.address, request.id.idiag_src);
  put_address(socket.family, socket.remote.address, request.id.idiag_dst);
  request.id.idiag_cookie[0] = static_cast<std::uint32_t>(value(socket.cookie));
  request.id.idiag_cookie[1] = static_cast<std::uint32_t>(value(socket.cookie) >> 32U);
  auto done = socket_.request(netlink::Message(SOCK_DESTROY, 0, request),
                              fmt::format("destroy the socket {}:{}", socket.local.address, socket.local.port));
  if (!done && done.error().code == Code::NotFound) return {};
  return done;
}

Result<Sockets> tcp_sockets(Deadline deadline) {
  auto diag = Diag::open();
  if (!diag) return tl::unexpected(diag.error());
  return diag->tcp(deadline);
}

}  // namespace cutline::sockets
