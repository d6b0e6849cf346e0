#include "sidecar/sockets/destroy.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "sidecar/gate/gate.hpp"
#include "sidecar/sockets/bases.hpp"
#include "tests/integration/sockets/netns.hpp"

namespace cutline::sockets {
namespace {

using namespace std::chrono_literals;
using namespace testing_net;

struct Destroying : testing::Test {
  Joined net;
  std::uint16_t port = 0;
  Fd listener = listen_tcp(net.b, "10.77.0.2", port);
  Fd client = connect_tcp(net.a, "10.77.0.2", port);
  Fd server = accept_tcp(listener);

  Sockets live() {
    Sockets out;
    net.a.run([&] { out = *tcp_sockets(Deadline::after(5s)); });
    return out;
  }
  std::size_t destroyed(Which which, const protocol::CounterTable& table) {
    std::size_t ended = 0;
    net.a.run([&] {
      const auto done = destroy(table, which, Deadline::after(1s));
      ASSERT_TRUE(done) << done.error().message;
      ended = *done;
    });
    return ended;
  }
};

TEST_F(Destroying, AConnectedSocketIsGoneAndItsProcessIsTold) {
  const auto table = Bases{}.absolute(live());
  EXPECT_EQ(destroyed(Which::Orphans, table), 0u);
  EXPECT_EQ(destroyed(Which::All, table), 1u);
  EXPECT_TRUE(live().empty());
  char byte = 0;
  EXPECT_EQ(::recv(client.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNABORTED);
}

TEST_F(Destroying, OtherConnectionsStay) {
  auto other = connect_tcp(net.a, "10.77.0.2", port);
  auto table = Bases{}.absolute(live());
  ASSERT_EQ(table.size(), 2u);
  table.pop_back();
  EXPECT_EQ(destroyed(Which::All, table), 1u);
  EXPECT_EQ(live().size(), 1u);
}

// A killed process leaves FIN-WAIT-1 behind the closed gate, which holds the tuple that the restored one needs.
TEST_F(Destroying, WhatAnEndedProcessLeftBehindTheGateIsGoneAndThePeerNeverHears) {
  const auto table = Bases{}.absolute(live());
  net.a.run([&] {
    auto gate = gate::Gate::install(gate::GateKind::Queue, 7077);
    ASSERT_TRUE(gate) << gate.error().message;
    ASSERT_TRUE(gate->close(std::nullopt));
    client.reset();
    const auto left = tcp_sockets(Deadline::after(5s));
    ASSERT_EQ(left->size(), 1u);
    EXPECT_EQ(left->front().state, TcpState::FinWait1);
    EXPECT_EQ(*destroy(table, Which::Orphans, Deadline::after(1s)), 1u);
    EXPECT_TRUE(tcp_sockets(Deadline::after(5s))->empty());
    ASSERT_TRUE(gate->discard());
    ASSERT_TRUE(gate->open());
  });
  EXPECT_FALSE(readable(server, 100ms)) << "a FIN or RST reached the peer";
}

TEST_F(Destroying, OrphansOfAllTuplesGoInOneCallButTheSparedPortsStay) {
  auto other = connect_tcp(net.a, "10.77.0.2", port);
  client.reset();
  other.reset();
  ASSERT_TRUE(eventually(5s, [&] { return live().size() == 2 && live().front().state == TcpState::FinWait2; }));
  net.a.run([&] { EXPECT_EQ(destroy_orphans(7077, Deadline::after(1s)).value_or(0), 2u); });
  EXPECT_TRUE(live().empty());
}

TEST_F(Destroying, ATimeWaitIsDestroyedToo) {
  client.reset();
  ASSERT_TRUE(eventually(5s, [&] { return live().size() == 1 && live().front().state == TcpState::FinWait2; }));
  server.reset();
  ASSERT_TRUE(eventually(5s, [&] { return live().size() == 1 && live().front().state == TcpState::TimeWait; }));
  net.a.run([&] { EXPECT_EQ(destroy_orphans(7077, Deadline::after(1s)).value_or(0), 1u); });
  EXPECT_TRUE(live().empty());
}

TEST_F(Destroying, ASocketThatIsGoneAlreadyIsNoError) {
  const auto socket = live().front();
  net.a.run([&] {
    auto diag = Diag::open();
    ASSERT_TRUE(diag);
    EXPECT_TRUE(diag->destroy(socket));
    EXPECT_TRUE(diag->destroy(socket));
  });
}

}  // namespace
}  // namespace cutline::sockets
