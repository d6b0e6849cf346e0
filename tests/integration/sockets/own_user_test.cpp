// What the sidecar's own programs speak to is no part of the pod's state.
#include <gtest/gtest.h>
#include <sys/fsuid.h>

#include "sidecar/sockets/dump.hpp"
#include "tests/integration/sockets/netns.hpp"

namespace cutline::sockets {
namespace {

using namespace std::chrono_literals;
using namespace testing_net;

Fd connect_as(Netns& net, unsigned user, std::uint16_t port) {
  net.run([&] { (void)::setfsuid(user); });  // of that thread alone
  auto out = connect_tcp(net, "10.77.0.2", port);
  net.run([&] { (void)::setfsuid(0); });
  return out;
}

bool has(const Sockets& sockets, std::uint16_t remote) {
  return std::ranges::any_of(sockets, [&](const SocketInfo& s) { return s.remote.port == remote; });
}

TEST(ConnectionsOfTheSidecarsOwnPrograms, AreNotSeen) {
  Joined net;
  std::uint16_t theirs = 0, ours = 0;
  const auto listener = listen_tcp(net.b, "10.77.0.2", theirs), other = listen_tcp(net.b, "10.77.0.2", ours);
  const auto application = connect_as(net.a, 0, theirs), own = connect_as(net.a, kOwnUser, ours);
  Sockets live;
  net.a.run([&] { live = tcp_sockets(Deadline::after(5s)).value(); });
  EXPECT_TRUE(has(live, theirs));
  EXPECT_FALSE(has(live, ours));
}

}  // namespace
}  // namespace cutline::sockets
