// The gate on the kernel's own objects: what passes, what waits, who opens it.
#include "sidecar/gate/gate.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "tests/integration/gate/gated.hpp"

namespace cutline::gate {
namespace {

using namespace std::chrono_literals;
using namespace testing_net;

struct AGate : Gated, testing::Test {};
struct EveryGate : Gated, testing::TestWithParam<GateKind> {};
INSTANTIATE_TEST_SUITE_P(Kinds, EveryGate, testing::Values(GateKind::Queue, GateKind::Drop),
                         [](const auto& kind) { return kind.param == GateKind::Queue ? "Queue" : "Drop"; });

TEST_F(AGate, OfThisKernelCanQueue) { EXPECT_EQ(install(GateKind::Queue).kind(), GateKind::Queue); }

TEST_P(EveryGate, LetsAllPassUntilItIsClosed) {
  auto gate = install(GetParam());
  ASSERT_EQ(gate.kind(), GetParam());
  send_all(client, "ping");
  EXPECT_EQ(receive(server, 4), "ping");
  send_all(server, "pong");
  EXPECT_EQ(receive(client, 4), "pong");
}

TEST_P(EveryGate, HoldsTcpBothWaysAndLosesNothing) {
  auto gate = install(GetParam());
  ASSERT_OK(gate.close(20s));
  send_all(client, "out");
  send_all(server, "in");
  EXPECT_FALSE(readable(server, 60ms));
  EXPECT_FALSE(readable(client, 1ms));
  ASSERT_OK(gate.open());
  EXPECT_EQ(receive(server, 3), "out");
  EXPECT_EQ(receive(client, 2), "in");
}

TEST_P(EveryGate, HoldsIpv6Too) {
  std::uint16_t port6 = 0;
  auto listener6 = listen_tcp(net.b, "fd77::2", port6);
  auto client6 = connect_tcp(net.a, "fd77::2", port6);
  auto server6 = accept_tcp(listener6);
  auto gate = install(GetParam());
  ASSERT_OK(gate.close(20s));
  send_all(client6, "six");
  EXPECT_FALSE(readable(server6, 60ms));
  ASSERT_OK(gate.open());
  EXPECT_EQ(receive(server6, 3), "six");
}

// As a Service's address is translated: on the way out, after the gate.
TEST_P(EveryGate, HoldsConnectionsToTranslatedAddressesToo) {
  net.a.shell(
      fmt::format("ip route add 10.99.0.1 via 10.77.0.2; nft 'add table ip svc; "
                  "add chain ip svc out {{ type nat hook output priority -100; }}; "
                  "add rule ip svc out ip daddr 10.99.0.1 tcp dport 80 dnat to 10.77.0.2:{}'",
                  port));
  auto through = connect_tcp(net.a, "10.99.0.1", 80);
  auto accepted = accept_tcp(listener);
  auto gate = install(GetParam());
  ASSERT_OK(gate.close(20s));
  send_all(through, "out");
  send_all(accepted, "in");
  EXPECT_FALSE(readable(accepted, 50ms));
  EXPECT_FALSE(readable(through, 1ms));
  ASSERT_OK(gate.open());
  EXPECT_EQ(receive(accepted, 3), "out");
  EXPECT_EQ(receive(through, 2), "in");
}

TEST_F(AGate, ThatQueuesLosesNoDatagramAndKeepsTheirOrder) {
  std::uint16_t from = 0, to = 0;
  auto sender = udp(net.b, "10.77.0.2", from);
  auto receiver = udp(net.a, "10.77.0.1", to);
  auto gate = install(GateKind::Queue);
  ASSERT_OK(gate.close(20s));
  for (char c = 'a'; c <= 'z'; ++c) send_to(sender, "10.77.0.1", to, std::string(1, c));
  EXPECT_FALSE(readable(receiver, 60ms));
  ASSERT_OK(gate.open());
  std::string all;
  for (int i = 0; i < 26; ++i) all += receive(receiver, 1);
  EXPECT_EQ(all, "abcdefghijklmnopqrstuvwxyz");
}

TEST_F(AGate, HoldsTensOfThousandsOfDatagrams) {
  std::uint16_t from = 0, to = 0;
  auto sender = udp(net.b, "10.77.0.2", from);
  auto receiver = udp(net.a, "10.77.0.1", to);
  const int size = 256 << 20;
  ASSERT_EQ(::setsockopt(receiver.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size), 0);
  auto gate = install(GateKind::Queue);
  ASSERT_OK(gate.close(20s));
  constexpr int count = 60'000;
  for (int i = 0; i < count; ++i) send_to(sender, "10.77.0.1", to, "d");
  ASSERT_OK(gate.open());
  int arrived = 0;
  char byte = 0;
  while (::recv(receiver.get(), &byte, 1, MSG_DONTWAIT) == 1) ++arrived;
  EXPECT_EQ(arrived, count);
}

TEST_F(AGate, ThatIsFullDropsAndNeverLeaks) {
  std::uint16_t from = 0, to = 0;
  auto sender = udp(net.b, "10.77.0.2", from);
  auto receiver = udp(net.a, "10.77.0.1", to);
  auto gate = install(GateKind::Queue);
  ASSERT_OK(gate.close(20s));
  for (int i = 0; i < 80'000; ++i) send_to(sender, "10.77.0.1", to, "d");
  EXPECT_FALSE(readable(receiver, 50ms));
  ASSERT_OK(gate.open());
  EXPECT_TRUE(readable(receiver, 1s));
}

TEST_P(EveryGate, LetsLoopbackPass) {
  std::uint16_t local = 0;
  auto inside = listen_tcp(net.a, "0.0.0.0", local);
  auto gate = install(GetParam());
  ASSERT_OK(gate.close(20s));
  for (const auto* address : {"127.0.0.1", "10.77.0.1"}) {  // its own address goes over lo too
    auto here = connect_tcp(net.a, address, local);
    auto there = accept_tcp(inside);
    send_all(here, "lo");
    EXPECT_EQ(receive(there, 2), "lo");
  }
}

TEST_P(EveryGate, LetsTheControlPortPassAndNewConnectionsToIt) {
  std::uint16_t control = Gated::control_port;
  auto sidecar = listen_tcp(net.a, "10.77.0.1", control);
  auto gate = install(GetParam());
  ASSERT_OK(gate.close(20s));
  auto coordinator = connect_tcp(net.b, "10.77.0.1", control);
  auto accepted = accept_tcp(sidecar);
  send_all(coordinator, "request");
  EXPECT_EQ(receive(accepted, 7), "request");
  send_all(accepted, "ack");
  EXPECT_EQ(receive(coordinator, 3), "ack");
}

TEST_P(EveryGate, LetsSocketsWithTheSidecarsMarkPass) {
  auto gate = install(GetParam());
  const auto mark = own_mark;
  ASSERT_EQ(::setsockopt(client.get(), SOL_SOCKET, SO_MARK, &mark, sizeof mark), 0);
  ASSERT_OK(gate.close(20s));
  send_all(client, "renew");
  EXPECT_EQ(receive(server, 5), "renew");
  send_all(server, "certificate");
  EXPECT_EQ(receive(client, 11), "certificate");
}

TEST_P(EveryGate, LetsNeighboursBeFound) {
  auto gate = install(GetParam());
  ASSERT_OK(gate.close(20s));
  net.a.shell("ip neigh flush all");
  net.b.shell("ip neigh flush all");
  std::uint16_t control = Gated::control_port, control6 = Gated::control_port;
  auto sidecar = listen_tcp(net.a, "10.77.0.1", control);
  auto sidecar6 = listen_tcp(net.a, "fd77::1", control6);
  EXPECT_NO_THROW((void)connect_tcp(net.b, "10.77.0.1", control));
  EXPECT_NO_THROW((void)connect_tcp(net.b, "fd77::1", control6));
}

TEST_P(EveryGate, TellsItsStateAsTheKernelHasIt) {
  auto gate = install(GetParam());
  EXPECT_FALSE(gate.state()->closed);
  ASSERT_OK(gate.close(10s));
  EXPECT_TRUE(gate.state()->closed);
  EXPECT_GT(gate.state()->opens_in, 9s);
  EXPECT_LE(gate.state()->opens_in, 10s + kernel_margin);
  ASSERT_OK(gate.close(std::nullopt));
  EXPECT_TRUE(gate.state()->closed);
  EXPECT_FALSE(gate.state()->opens_in);
  ASSERT_OK(gate.close(30s));
  EXPECT_GT(gate.state()->opens_in, 29s);
  ASSERT_OK(gate.open());
  EXPECT_FALSE(gate.state()->closed);
}

TEST_P(EveryGate, KeepsWhatWaitsWhenItsDeadlineChanges) {
  auto gate = install(GetParam());
  ASSERT_OK(gate.close(20s));
  send_all(client, "waits");
  ASSERT_OK(gate.close(std::nullopt));
  ASSERT_OK(gate.close(20s));
  EXPECT_FALSE(readable(server, 30ms));
  ASSERT_OK(gate.open());
  EXPECT_EQ(receive(server, 5), "waits");
}

TEST_P(EveryGate, MayBeInstalledAndOpenedAndClosedAgainAndAgain) {
  auto gate = install(GetParam());
  ASSERT_OK(gate.open());
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK(gate.close(20s));
    ASSERT_OK(gate.close(20s));
    send_all(client, "x");
    ASSERT_OK(gate.open());
    ASSERT_OK(gate.open());
    EXPECT_EQ(receive(server, 1), "x");
  }
  ASSERT_OK(gate.uninstall());
  ASSERT_OK(gate.uninstall());
  send_all(client, "y");
  EXPECT_EQ(receive(server, 1), "y");
}

TEST_P(EveryGate, UninstalledWhileClosedLosesNothing) {
  auto gate = install(GetParam());
  ASSERT_OK(gate.close(std::nullopt));
  send_all(client, "x");
  ASSERT_OK(gate.uninstall());
  EXPECT_EQ(receive(server, 1), "x");
}

TEST_P(EveryGate, OpensInTheKernelAtItsDeadlineAndNotBefore) {
  auto gate = install(GetParam());
  const auto closed = std::chrono::steady_clock::now();
  ASSERT_OK(gate.close(200ms));
  ASSERT_TRUE(eventually(5s, [&] { return !gate.state()->closed; }));
  const auto held = std::chrono::steady_clock::now() - closed;
  EXPECT_GE(held, 200ms);
  EXPECT_LT(held, 300ms);
}

TEST_F(AGate, WhoseDeadlineHasPassedStillLetsGoWhatWaitedWhenOpened) {
  auto gate = install(GateKind::Queue);
  std::uint16_t from = 0, to = 0;
  auto sender = udp(net.b, "10.77.0.2", from);
  auto receiver = udp(net.a, "10.77.0.1", to);
  ASSERT_OK(gate.close(20ms));
  send_to(sender, "10.77.0.1", to, "d");
  ASSERT_TRUE(eventually(5s, [&] { return !gate.state()->closed; }));
  EXPECT_FALSE(readable(receiver, 1ms));
  ASSERT_OK(gate.open());
  EXPECT_EQ(receive(receiver, 1), "d");
}

TEST_F(AGate, DiscardsWhatWaitsAndStaysClosed) {
  std::uint16_t from = 0, to = 0;
  auto sender = udp(net.b, "10.77.0.2", from);
  auto receiver = udp(net.a, "10.77.0.1", to);
  auto gate = install(GateKind::Queue);
  ASSERT_OK(gate.close(std::nullopt));
  send_to(sender, "10.77.0.1", to, "old");
  ASSERT_OK(gate.discard());
  send_to(sender, "10.77.0.1", to, "new");
  EXPECT_FALSE(readable(receiver, 30ms));
  ASSERT_OK(gate.open());
  EXPECT_EQ(receive(receiver, 3), "new");
  EXPECT_FALSE(readable(receiver, 30ms));
}

TEST_F(AGate, ChangesItsKindOnlyWhileOpen) {
  auto gate = install(GateKind::Queue);
  ASSERT_OK(gate.close(20s));
  EXPECT_EQ(gate.choose(GateKind::Drop).error().code, Code::Busy);
  ASSERT_OK(gate.open());
  for (const auto kind : {GateKind::Drop, GateKind::Queue, GateKind::Drop, GateKind::Queue}) {
    ASSERT_OK(gate.choose(kind));
    EXPECT_EQ(gate.kind(), kind);
    ASSERT_OK(gate.close(20s));
    send_all(client, "x");
    EXPECT_FALSE(readable(server, 20ms));
    ASSERT_OK(gate.open());
    EXPECT_EQ(receive(server, 1), "x");
  }
}

TEST_F(AGate, OfKindOpenHoldsNothing) {
  auto gate = install(GateKind::Open);
  ASSERT_OK(gate.close(20s));
  send_all(client, "x");
  EXPECT_EQ(receive(server, 1), "x");
}

TEST_F(AGate, DoesNotShareItsQueueWithAnotherProcess) {
  auto first = install(GateKind::Queue);
  net.a.run([&] {
    const auto second = Gate::install(GateKind::Queue, Gated::control_port);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::Conflict);
  });
}

}  // namespace
}  // namespace cutline::gate
