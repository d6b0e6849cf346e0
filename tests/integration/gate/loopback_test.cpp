// While the containers of one pod are being restored, connections between them on loopback are held.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "sidecar/sockets/dump.hpp"
#include "tests/integration/gate/gated.hpp"

namespace cutline::gate {
namespace {

using namespace std::chrono_literals;
using namespace testing_net;

struct OnLoopback : Gated, testing::TestWithParam<const char*> {
  std::uint16_t local_port = 0;
  Fd inside = listen_tcp(net.a, GetParam(), local_port);
  Fd here = connect_tcp(net.a, GetParam(), local_port);
  Fd there = accept_tcp(inside);
  Gate gate = install(GateKind::Queue);

  protocol::CounterTable connections() {
    protocol::CounterTable out;
    net.a.run([&] {
      const auto live = sockets::tcp_sockets(Deadline::after(5s));
      ASSERT_TRUE(live) << live.error().message;
      for (const auto& socket : *live)
        if (socket.local.port == local_port && socket.state == sockets::TcpState::Established)
          out.push_back({socket.local, socket.remote});
    });
    return out;
  }
};
INSTANTIATE_TEST_SUITE_P(Addresses, OnLoopback, testing::Values("127.0.0.1", "::1", "10.77.0.1"),
                         [](const auto& address) {
                           return std::string{address.param} == "::1"         ? "Six"
                                  : std::string{address.param} == "127.0.0.1" ? "Four"
                                                                              : "Own";
                         });

TEST_P(OnLoopback, HeldConnectionsAreSilentBothWaysAndOthersSpeak) {
  const auto held = connections();
  ASSERT_EQ(held.size(), 1u);
  ASSERT_OK(gate.hold_loopback(held));
  send_all(here, "x");
  send_all(there, "y");
  EXPECT_FALSE(readable(there, 50ms));
  EXPECT_FALSE(readable(here, 1ms));
  auto other = connect_tcp(net.a, GetParam(), local_port);
  auto accepted = accept_tcp(inside);
  send_all(other, "z");
  EXPECT_EQ(receive(accepted, 1), "z");
  ASSERT_OK(gate.release_loopback());
  EXPECT_EQ(receive(there, 1), "x");
  EXPECT_EQ(receive(here, 1), "y");
}

TEST_P(OnLoopback, AnEndedEndIsNotMissedByTheOther) {
  ASSERT_OK(gate.hold_loopback(connections()));
  here.reset();  // its FIN, and the RST of whoever answers, stay on the held wire
  send_all(there, "y");
  EXPECT_FALSE(readable(there, 100ms));
}

TEST_P(OnLoopback, HoldingAgainReplacesWhatWasHeld) {
  const auto held = connections();
  ASSERT_OK(gate.hold_loopback(held));
  ASSERT_OK(gate.hold_loopback(held));
  ASSERT_OK(gate.hold_loopback({}));
  send_all(here, "x");
  EXPECT_EQ(receive(there, 1), "x");
}

struct Loopback : Gated, testing::Test {};

TEST_F(Loopback, ThousandsOfConnectionsAreHeldInOneTransaction) {
  auto gate = install(GateKind::Queue);
  protocol::CounterTable many;
  for (std::uint16_t n = 1; n <= 5000; ++n) many.push_back({{"127.0.0.1", n}, {"127.0.0.1", 9}});
  ASSERT_OK(gate.hold_loopback(many));
  ASSERT_OK(gate.release_loopback());
}

}  // namespace
}  // namespace cutline::gate
