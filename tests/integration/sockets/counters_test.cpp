// Counters of real connections. "bytes since the connection's very beginning": what the test itself has counted.
#include "sidecar/sockets/counters.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "sidecar/gate/gate.hpp"
#include "sidecar/sockets/bases.hpp"
#include "sidecar/sockets/drain.hpp"
#include "sidecar/sockets/dump.hpp"
#include "tests/integration/sockets/netns.hpp"

namespace cutline::sockets {
namespace {

using namespace std::chrono_literals;
using namespace testing_net;
using protocol::Counters;
using protocol::CounterTable;

Sockets dump(Netns& net) {
  Sockets out;
  net.run([&] {
    auto read = tcp_sockets(Deadline::after(5s));
    if (!read) throw std::runtime_error(read.error().message);
    out = std::move(*read);
  });
  return out;
}

CounterTable table(Netns& net) { return Bases{}.absolute(dump(net)); }

struct Counting : testing::Test {
  Joined net;
  std::uint16_t port = 0;
  Fd listener = listen_tcp(net.b, "10.77.0.2", port);
  Fd client = connect_tcp(net.a, "10.77.0.2", port);
  Fd server = accept_tcp(listener);

  Counters of(Netns& net_of) {
    const auto all = table(net_of);
    if (all.size() != 1) throw std::runtime_error(fmt::format("{} connections instead of one", all.size()));
    return all.front();
  }
  // The moment at which both ends agree that everything has arrived.
  void settle() {
    ASSERT_TRUE(eventually(5s,
                           [&] {
                             const auto a = of(net.a), b = of(net.b);
                             return a.acked == a.sent && b.acked == b.sent && a.sent == b.received &&
                                    b.sent == a.received;
                           }))
        << fmt::format("a {}/{}/{} b {}/{}/{}", of(net.a).acked, of(net.a).sent, of(net.a).received, of(net.b).acked,
                       of(net.b).sent, of(net.b).received);
  }
};

TEST_F(Counting, AFreshConnectionHasMovedNothingAtEitherEnd) {
  settle();
  EXPECT_EQ(of(net.a), (Counters{{"10.77.0.1", of(net.a).local.port}, {"10.77.0.2", port}, 0, 0, 0}));
  EXPECT_EQ(of(net.b), (Counters{{"10.77.0.2", port}, {"10.77.0.1", of(net.a).local.port}, 0, 0, 0}));
}

TEST_F(Counting, EachEndCountsExactlyWhatWasSentWhateverWasRead) {
  send_all(client, std::string(1000, 'x'));
  send_all(server, std::string(77, 'y'));
  EXPECT_EQ(receive(server, 10).size(), 10u);
  settle();
  const auto a = of(net.a), b = of(net.b);
  EXPECT_EQ(std::tie(a.acked, a.sent, a.received), std::tuple(1000u, 1000u, 77u));
  EXPECT_EQ(std::tie(b.acked, b.sent, b.received), std::tuple(77u, 77u, 1000u));
}

TEST_F(Counting, AFinOfTheConnectingEndIsAByteAtBothEnds) {
  send_all(client, "12345");
  ASSERT_EQ(::shutdown(client.get(), SHUT_WR), 0);
  ASSERT_TRUE(eventually(5s, [&] { return dump(net.a).front().state == TcpState::FinWait2; }));
  settle();
  EXPECT_EQ(of(net.a).sent, 6u);
  EXPECT_EQ(of(net.b).received, 6u);
}

TEST_F(Counting, AFinOfTheAcceptingEndIsAByteAtBothEnds) {
  send_all(server, "1234567");
  ASSERT_EQ(::shutdown(server.get(), SHUT_WR), 0);
  settle();
  EXPECT_EQ(of(net.b).sent, 8u);
  EXPECT_EQ(of(net.a).received, 8u);
}

TEST_F(Counting, TheAcceptingEndIsKnownAlsoWhenItsListenerIsGone) {
  send_all(client, "123");
  send_all(server, "12345");
  listener.reset();
  settle();
  EXPECT_EQ(of(net.b).sent, 5u);
  EXPECT_EQ(of(net.a).sent, 3u);
}

TEST_F(Counting, AnIpv4ConnectionOfAnIpv6SocketIsWrittenAsIpv4) {
  std::uint16_t port6 = 0;
  auto listener6 = listen_tcp(net.b, "::", port6);
  auto client4 = connect_tcp(net.a, "10.77.0.2", port6);
  auto server4 = accept_tcp(listener6);
  const auto all = table(net.b);
  const auto found = std::ranges::find(all, port6, [](const Counters& c) { return c.local.port; });
  ASSERT_NE(found, all.end());
  EXPECT_EQ(found->local.address, "10.77.0.2");
  EXPECT_EQ(found->remote.address, "10.77.0.1");
}

TEST_F(Counting, Ipv6ConnectionsAreCounted) {
  std::uint16_t port6 = 0;
  auto listener6 = listen_tcp(net.b, "fd77::2", port6);
  auto client6 = connect_tcp(net.a, "fd77::2", port6);
  auto server6 = accept_tcp(listener6);
  send_all(client6, "1234");
  EXPECT_EQ(receive(server6, 4), "1234");
  const auto all = table(net.b);
  const auto found = std::ranges::find(all, port6, [](const Counters& c) { return c.local.port; });
  ASSERT_NE(found, all.end());
  EXPECT_EQ(found->local.address, "fd77::2");
  EXPECT_EQ(found->received, 4u);
}

TEST_F(Counting, ConnectionsInsideThePodAreLeftOut) {
  std::uint16_t local_port = 0;
  auto inside = listen_tcp(net.a, "0.0.0.0", local_port);
  auto over_lo = connect_tcp(net.a, "127.0.0.1", local_port);
  auto over_own_address = connect_tcp(net.a, "10.77.0.1", local_port);
  EXPECT_EQ(table(net.a).size(), 1u);
}

// Sends and reads without end at one end of a connection; a paused one sends nothing, as a frozen process.
class Talker {
 public:
  explicit Talker(const Fd& socket) : socket_(socket.get()) {
    reader_ = std::jthread([this] {
      std::vector<char> buffer(1 << 16);
      while (::recv(socket_, buffer.data(), buffer.size(), 0) > 0) continue;
    });
    writer_ = std::jthread([this](const std::stop_token& stop) {
      const std::string data(3001, 'z');
      while (!stop.stop_requested()) {
        pollfd poll{socket_, POLLOUT, 0};
        if (::poll(&poll, 1, 10) != 1) continue;
        const std::lock_guard running(frozen_);
        if (::send(socket_, data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN) return;
      }
    });
  }
  ~Talker() {
    writer_.request_stop();
    writer_.join();
    ::shutdown(socket_, SHUT_RDWR);
  }
  [[nodiscard]] std::unique_lock<std::mutex> freeze() { return std::unique_lock{frozen_}; }

 private:
  int socket_;
  std::mutex frozen_;
  std::jthread reader_, writer_;
};

gate::Gate gate_in(Netns& net) {
  std::optional<gate::Gate> out;
  net.run([&] {
    auto made = gate::Gate::install(gate::GateKind::Queue, 7077);
    if (!made) throw std::runtime_error(made.error().message);
    out.emplace(std::move(*made));
  });
  return std::move(*out);
}

// protocol/proof.hpp: "acked(sender) <= received(receiver) <= sent(sender)". One pod after the other is frozen, gated
// and read, while the other still talks; both gates are closed when the last has been read. That is the cut.
TEST_F(Counting, EveryCutUnderLoadBothWaysIsConsistent) {
  auto gate_a = gate_in(net.a), gate_b = gate_in(net.b);
  Talker talker_a{client}, talker_b{server};
  Bases bases_a, bases_b;
  std::uint64_t moved_bytes = 0, in_transit = 0;
  for (int round = 0; round < 300; ++round) {
    auto frozen_a = talker_a.freeze();
    ASSERT_TRUE(gate_a.close(5s));
    const auto a = bases_a.absolute(dump(net.a)).at(0);
    auto frozen_b = talker_b.freeze();
    ASSERT_TRUE(gate_b.close(5s));
    const auto b = bases_b.absolute(dump(net.b)).at(0);
    ASSERT_LE(a.acked, b.received) << "round " << round;
    ASSERT_LE(b.received, a.sent) << "round " << round;
    ASSERT_LE(b.acked, a.received) << "round " << round;
    ASSERT_LE(a.received, b.sent) << "round " << round;
    in_transit += (a.sent - b.received) + (b.sent - a.received);
    ASSERT_TRUE(gate_a.open());
    ASSERT_TRUE(gate_b.open());
    frozen_a.unlock();
    frozen_b.unlock();
    ASSERT_TRUE(eventually(5s, [&] { return bases_b.absolute(dump(net.b)).at(0).received > b.received + 10'000; }))
        << "round " << round;
    moved_bytes = b.received;
  }
  RecordProperty("moved_bytes", std::to_string(moved_bytes));
  RecordProperty("in_transit_bytes", std::to_string(in_transit));
  EXPECT_GT(in_transit, 0u) << "cuts through an empty wire prove nothing";
}

TEST_F(Counting, WhatIsAcknowledgedHasBeenReceivedAtEveryLiveLook) {
  Talker talker_a{client}, talker_b{server};
  Bases bases_a, bases_b;
  for (int look = 0; look < 500; ++look) {
    const auto acked = bases_a.absolute(dump(net.a)).at(0).acked;
    const auto received = bases_b.absolute(dump(net.b)).at(0).received;
    ASSERT_LE(acked, received);
  }
}

TEST_F(Counting, LossAndRetransmissionDoNotBlurWhichEndConnected) {
  net.b.shell(
      "nft 'add table ip loss; add chain ip loss in { type filter hook prerouting priority -400; }; "
      "add rule ip loss in meta l4proto tcp numgen random mod 10 0 drop'");
  std::jthread reader([&] { (void)receive(server, 3'000'000); });
  send_all(client, std::string(3'000'000, 'x'));
  reader.join();
  const auto live = dump(net.a);
  ASSERT_GT(live.front().tcp->retransmitted, 0u);
  net.b.shell("nft delete table ip loss");
  settle();
  EXPECT_EQ(of(net.a).acked, 3'000'000u);
  EXPECT_EQ(of(net.b).received, 3'000'000u);
}

TEST_F(Counting, TheWireIsDrainedOnceBothEndsAreStill) {
  send_all(client, std::string(100'000, 'x'));
  (void)receive(server, 100'000);
  net.a.run([&] {
    const auto drained = wait_drained(0, Deadline::after(1s));
    ASSERT_TRUE(drained) << drained.error().message;
    EXPECT_TRUE(*drained);
  });
  EXPECT_EQ(dump(net.a).front().tcp->unacked, 0u);
}

TEST_F(Counting, DrainingGivesUpAtItsDeadlineWhileTrafficGoesOn) {
  std::atomic<bool> stop = false;
  std::jthread echo([&] {
    char byte = 0;
    while (::recv(server.get(), &byte, 1, 0) == 1) (void)::send(server.get(), &byte, 1, MSG_NOSIGNAL);
  });
  std::jthread ping([&] {
    while (!stop) {
      send_all(client, "p");
      (void)receive(client, 1);
    }
  });
  net.a.run([&] {
    // Longer pauses than a busy machine makes in a ping-pong count as quiet here.
    const auto drained = wait_drained(0, Deadline::after(400ms), {.settled = 100ms, .unanswered = 100ms});
    ASSERT_TRUE(drained) << drained.error().message;
    EXPECT_FALSE(*drained);
  });
  stop = true;
  ping.join();
  ::shutdown(client.get(), SHUT_RDWR);
}

}  // namespace
}  // namespace cutline::sockets
