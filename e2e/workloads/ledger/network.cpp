#include "e2e/workloads/ledger/network.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "e2e/workloads/ledger/dns.hpp"

namespace cutline::ledger {
namespace {

constexpr std::size_t longest_answer = 16U << 20U;

std::optional<sockaddr_in> dotted(const Endpoint& endpoint) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  if (::inet_pton(AF_INET, endpoint.host.c_str(), &address.sin_addr) != 1) return std::nullopt;
  return address;
}

Status await(int fd, short events, Deadline deadline, std::string_view what) {
  pollfd ready{fd, events, 0};
  while (!deadline.passed())
    if (::poll(&ready, 1, static_cast<int>(deadline.left().count())) > 0) return {};
  return fail(Code::Timeout, "{}: nothing came in time", what);
}

Result<std::string> read_to_end(int fd, Deadline deadline) {
  std::string out;
  char bytes[16384];
  for (;;) {
    if (auto ready = await(fd, POLLIN, deadline, "answer"); !ready) return tl::unexpected(ready.error());
    const ssize_t n = ::recv(fd, bytes, sizeof bytes, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n < 0) return fail_errno(errno, "read");
    if (n == 0) return out;
    out.append(bytes, static_cast<std::size_t>(n));
    if (out.size() > longest_answer) return fail(Code::Invalid, "the answer is longer than {} bytes", longest_answer);
  }
}

}  // namespace

Result<sockaddr_in> resolve(const Endpoint& endpoint, Deadline deadline) {
  if (const auto address = dotted(endpoint)) return *address;
  const auto file = read_file("/etc/resolv.conf");
  if (!file) return tl::unexpected(file.error());
  const auto server = dotted({dns::name_server(*file), 53});
  if (!server) return fail(Code::Unavailable, "/etc/resolv.conf names no IPv4 name server");
  Fd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!socket || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&*server), sizeof *server) != 0)
    return fail_errno(errno, "name server");
  const auto id = static_cast<std::uint16_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  const auto question = dns::question(id, endpoint.host);
  if (::send(socket.get(), question.data(), question.size(), 0) < 0) return fail_errno(errno, "ask the name server");
  if (auto ready = await(socket.get(), POLLIN, deadline, "name server"); !ready) return tl::unexpected(ready.error());
  char bytes[1500];
  const ssize_t n = ::recv(socket.get(), bytes, sizeof bytes, 0);
  if (n < 0) return fail_errno(errno, "name server");
  const auto found = dns::address(id, {bytes, static_cast<std::size_t>(n)});
  if (!found) return fail(Code::NotFound, "{}: no address", endpoint.host);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  address.sin_addr.s_addr = htonl(*found);
  return address;
}

Result<Fd> listen_on(const Endpoint& endpoint) {
  const auto address = dotted(endpoint);
  if (!address) return fail(Code::Invalid, "listen on {}: not an IPv4 address", endpoint.host);
  Fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const int on = 1;
  if (!fd || ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0 ||
      ::listen(fd.get(), 64) != 0)
    return fail_errno(errno, fmt::format("listen on {}:{}", endpoint.host, endpoint.port));
  return fd;
}

Result<Fd> begin_connect(const sockaddr_in& address) {
  Fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd) return fail_errno(errno, "socket");
  const int on = 1;
  (void)::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS)
    return fail_errno(errno, "connect");
  return fd;
}

int connect_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

Fd accept_one(int listener) {
  Fd fd{::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
  const int on = 1;
  if (fd) (void)::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

Result<std::string> http_get(const Endpoint& endpoint, const std::string& path, Deadline deadline) {
  const auto what = fmt::format("http://{}:{}{}", endpoint.host, endpoint.port, path);
  const auto address = resolve(endpoint, deadline);
  if (!address) return forward(address, what);
  const auto fd = begin_connect(*address);
  if (!fd) return forward(fd, what);
  if (auto ready = await(fd->get(), POLLOUT, deadline, "connect"); !ready) return forward(ready, what);
  if (const int error = connect_error(fd->get()); error != 0) return fail_errno(error, what);
  const auto request = fmt::format("GET {} HTTP/1.0\r\nHost: {}\r\n\r\n", path, endpoint.host);
  if (::send(fd->get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    return fail_errno(errno, what);
  auto answer = read_to_end(fd->get(), deadline);
  if (!answer) return forward(answer, what);
  const auto body = answer->find("\r\n\r\n");
  if (body == std::string::npos) return fail(Code::Internal, "{}: no HTTP answer", what);
  if (answer->find(" 200 ") > 12) return fail(Code::Invalid, "{}: {}", what, answer->substr(0, answer->find('\r')));
  return answer->substr(body + 4);
}

}  // namespace cutline::ledger
