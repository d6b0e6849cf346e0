#include "sidecar/sockets/closings.hpp"

#include <linux/sock_diag.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/log.hpp"
#include "sidecar/sockets/dump.hpp"

namespace cutline::sockets {
namespace {

constexpr std::size_t kMost = 500'000;  // that wait to be taken; about 100 MB

}  // namespace

Result<std::unique_ptr<Closings>> Closings::start(int buffer) {
  auto socket = netlink::Socket::open(NETLINK_SOCK_DIAG);
  if (!socket) return tl::unexpected(socket.error());
  if (::setsockopt(socket->descriptor(), SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0)
    return fail_errno(errno, "size the buffer of closing connections");
  for (const int group : {SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET6_TCP_DESTROY})
    if (auto joined = socket->join(group); !joined) return forward(joined, "closing connections");
  Fd stop{::eventfd(0, EFD_CLOEXEC)};
  if (!stop) return fail_errno(errno, "eventfd");
  std::unique_ptr<Closings> out{new Closings{std::move(*socket), std::move(stop)}};
  out->thread_ = std::jthread{[&self = *out] { self.listen(); }};
  return out;
}

Closings::~Closings() {
  const std::uint64_t one = 1;
  (void)::write(stop_.get(), &one, sizeof one);
}

void Closings::listen() {
  std::array<pollfd, 2> polled{{{socket_.descriptor(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
  for (;;) {
    if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) {
      log::error("closing connections are not seen any more", {{"errno", errno}});
      const std::scoped_lock lock{mutex_};
      taken_.complete = false;
      return;
    }
    if (polled[1].revents != 0) return;
    read();
  }
}

void Closings::read() {
  Sockets gone;
  const auto read = socket_.notifications("closing connections", [&](const netlink::Answer& answer) {
    auto socket = read_socket(answer.payload);
    if (socket.remote.port != 0 || socket.wiped) gone.push_back(std::move(socket));
  });
  const std::scoped_lock lock{mutex_};
  if (!read || taken_.gone.size() + gone.size() > kMost) {
    if (std::exchange(taken_.complete, false)) log::warn("closing connections were missed", {{"taken", gone.size()}});
    if (taken_.gone.size() + gone.size() > kMost) return;
  }
  taken_.gone.insert(taken_.gone.end(), std::make_move_iterator(gone.begin()), std::make_move_iterator(gone.end()));
}

Closings::Taken Closings::take() {
  const std::scoped_lock lock{mutex_};
  return std::exchange(taken_, {});
}

}  // namespace cutline::sockets
