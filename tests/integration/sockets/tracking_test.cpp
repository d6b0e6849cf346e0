// Who talked to whom, as the kernel tells it: connections that have come and gone, and datagrams.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "sidecar/gate/datagrams.hpp"
#include "sidecar/gate/gate.hpp"
#include "sidecar/sockets/dump.hpp"
#include "sidecar/sockets/tracker.hpp"
#include "tests/integration/sockets/netns.hpp"

namespace cutline::sockets {
namespace {

using namespace std::chrono_literals;
using namespace testing_net;
using protocol::CounterTable;
using protocol::Flow;
using protocol::FlowTable;

constexpr std::uint16_t kControlPort = 7077;

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

Sockets live(Netns& net) {
  Sockets out;
  net.run([&] { out = must(tcp_sockets(Deadline::after(5s))); });
  return out;
}

std::unique_ptr<Closings> closings_in(Netns& net) {
  std::unique_ptr<Closings> out;
  net.run([&] { out = must(Closings::start()); });
  return out;
}

struct Tracking : testing::Test {
  Joined net;
  std::uint16_t port = 0;
  Fd listener = listen_tcp(net.b, "10.77.0.2", port);
  Tracker a{{}, closings_in(net.a), {.spare = kControlPort}};
  Tracker b{{}, closings_in(net.b), {.spare = kControlPort}};

  void look() {
    a.look(live(net.a));
    b.look(live(net.b));
  }
  // So many rows at both ends.
  void wait_for_rows(std::size_t count) {
    ASSERT_TRUE(eventually(10s, [&] { return a.told().closed.size() >= count && b.told().closed.size() >= count; }))
        << a.told().closed.size() << " and " << b.told().closed.size();
  }
  // One connection: `there` bytes one way and `back` the other, then both ends close.
  void talk(std::size_t there, std::size_t back, bool linger_zero = false, std::uint16_t from = 0) {
    auto client = connect_from(net.a, "10.77.0.1", from, "10.77.0.2", port);
    auto server = accept_tcp(listener);
    send_all(client, std::string(there, 'x'));
    send_all(server, std::string(back, 'y'));
    (void)receive(server, there);
    (void)receive(client, back);
    if (!linger_zero) return;
    const linger at_once{1, 0};
    ASSERT_EQ(::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
  }
};

// acked, sent, received of both ends fit: what one says to have received the other has sent. A FIN counts where it was
// sent.
void expect_mirrored(const CounterTable& here, const CounterTable& there, std::uint64_t to, std::uint64_t from) {
  std::map<protocol::Connection, protocol::Counters> by_name;
  for (const auto& row : there) by_name.emplace(protocol::Connection{row.remote, row.local}, row);
  std::size_t wrong = 0;
  for (const auto& row : here) {
    const auto other = by_name.find({row.local, row.remote});
    const bool good = other != by_name.end() && row.sent - to <= 1 && row.received - from <= 1 &&
                      other->second.received <= row.sent && row.received <= other->second.sent;
    if (good || ++wrong > 3) continue;
    ADD_FAILURE() << row.local.port << ": sent " << row.sent << " acked " << row.acked << " received " << row.received
                  << (other == by_name.end()
                          ? " and nothing of the other end"
                          : fmt::format(", other end sent {} received {}", other->second.sent, other->second.received));
  }
  EXPECT_EQ(wrong, 0u);
}

TEST_F(Tracking, EachOfFiveThousandConnectionsThatCameAndWentIsCountedAtBothEnds) {
  constexpr std::uint16_t kAll = 5000, kFirst = 20'000;
  look();
  for (std::uint16_t i = 0; i < kAll; ++i) talk(100, 7, false, static_cast<std::uint16_t>(kFirst + i));
  wait_for_rows(kAll);
  const auto at_a = a.told(), at_b = b.told();
  EXPECT_TRUE(at_a.observed);
  EXPECT_TRUE(at_b.observed);
  EXPECT_EQ(at_a.closed.size(), kAll);
  EXPECT_EQ(at_b.closed.size(), kAll);
  expect_mirrored(at_a.closed, at_b.closed, 100, 7);
  expect_mirrored(at_b.closed, at_a.closed, 7, 100);
}

TEST_F(Tracking, ALiveConnectionAndItsFinalCountersAreOneCount) {
  auto client = connect_tcp(net.a, "10.77.0.2", port);
  auto server = accept_tcp(listener);
  send_all(client, "12345");
  (void)receive(server, 5);
  look();
  EXPECT_EQ(a.counters(live(net.a)).at(0).sent, 5u);
  send_all(client, "678");
  (void)receive(server, 3);
  client.reset();
  server.reset();
  wait_for_rows(1);
  EXPECT_EQ(a.told().closed.at(0).sent, 9u) << "eight bytes and the end";
  EXPECT_EQ(b.told().closed.at(0).received, 9u);
  EXPECT_TRUE(a.counters(live(net.a)).empty());
}

TEST_F(Tracking, EachUseOfATupleHasARowOfItsOwnAtBothEnds) {
  std::uint16_t fixed = 0;
  look();
  for (int turn = 1; turn <= 3; ++turn) {
    auto client = connect_from(net.a, "10.77.0.1", fixed, "10.77.0.2", port);
    auto server = accept_tcp(listener);
    send_all(client, "0123456789");
    (void)receive(server, 10);
    server.reset();  // the accepting end closes first, and so keeps the tuple in TIME-WAIT; the new SYN may have it
    ASSERT_TRUE(readable(client, 5s));
    client.reset();
    const auto uses = static_cast<std::size_t>(turn);
    ASSERT_TRUE(eventually(5s, [&] { return b.told().closed.size() == uses && b.told().closed.back().received == 11; }))
        << b.told().closed.size() << " rows after turn " << turn;
    ASSERT_TRUE(eventually(5s, [&] { return a.told().closed.size() == uses && a.told().closed.back().sent == 11; }));
  }
  EXPECT_TRUE(a.told().observed);
  EXPECT_TRUE(b.told().observed);
}

TEST_F(Tracking, AnAbortedConnectionIsNotTakenForObservedByTheEndThatAbortsIt) {
  talk(10, 10, true);
  ASSERT_TRUE(eventually(5s, [&] { return !a.told().observed; }));
  ASSERT_TRUE(eventually(5s, [&] { return b.told().closed.size() == 1; }));
  EXPECT_TRUE(b.told().observed);
  EXPECT_EQ(b.told().closed[0].received, 10u);
}

TEST_F(Tracking, AnAttemptToConnectThatFailsIsNothing) {
  const auto nobody = port;
  listener.reset();
  EXPECT_THROW((void)connect_tcp(net.a, "10.77.0.2", nobody), std::runtime_error);
  std::uint16_t again = 0;
  listener = listen_tcp(net.b, "10.77.0.2", again);
  port = again;
  talk(1, 1);  // what comes after it has arrived
  wait_for_rows(1);
  EXPECT_EQ(a.told().closed.size(), 1u);
  EXPECT_TRUE(a.told().observed);
}

TEST_F(Tracking, ARoundThatFindsASocketGoneAndUntoldDoesNotCallItObserved) {
  auto client = connect_tcp(net.a, "10.77.0.2", port);
  auto server = accept_tcp(listener);
  Tracker deaf{{}, closings_in(net.b), {.spare = kControlPort}};  // it hears of another namespace
  deaf.look(live(net.a));
  client.reset();
  ASSERT_TRUE(eventually(5s, [&] { return deaf.counters(live(net.a)).empty(); }));
  EXPECT_FALSE(deaf.cut(Epoch{1}).observed);
}

TEST_F(Tracking, AnIntervalOfWhichTheKernelHadToDropNotificationsIsNotObserved) {
  std::unique_ptr<Closings> narrow;
  net.a.run([&] { narrow = must(Closings::start(1)); });  // the least that the kernel gives: about two notifications
  Tracker overwhelmed{{}, std::move(narrow), {.spare = kControlPort}};
  EXPECT_TRUE(eventually(20s, [&] {
    std::vector<Fd> clients, servers;
    for (int i = 0; i < 100; ++i) {
      clients.push_back(connect_tcp(net.a, "10.77.0.2", port));
      servers.push_back(accept_tcp(listener));
    }
    servers.clear();
    clients.clear();  // all at once
    return !overwhelmed.told().observed;
  }));
  (void)overwhelmed.cut(Epoch{1});
  EXPECT_TRUE(overwhelmed.keep(Epoch{1}, CheckpointIndex{1}, {}));
  EXPECT_TRUE(eventually(5s, [&] { return overwhelmed.told().observed; })) << "the next interval begins afresh";
}

TEST_F(Tracking, WithoutNotificationsNoIntervalIsObserved) {
  Tracker blind{{}, nullptr, {}};
  EXPECT_FALSE(blind.told().observed);
}

// ---- datagrams ------------------------------------------------------------------------------------------------------

struct Datagrams : testing::Test {
  Joined net;
  std::optional<gate::Gate> gate;

  void SetUp() override {
    net.a.run([&] { gate.emplace(must(gate::Gate::install(gate::GateKind::Queue, kControlPort))); });
    ASSERT_TRUE(gate->counts_datagrams());
  }
  FlowTable counted() {
    FlowTable out;
    net.a.run([&] { out = must(gate::datagrams()); });
    return out;
  }
};

TEST_F(Datagrams, AreCountedExactlyByAddressBothWays) {
  std::uint16_t here = 0, there = 0, here6 = 0, there6 = 0;
  auto a = udp(net.a, "10.77.0.1", here), b = udp(net.b, "10.77.0.2", there);
  auto a6 = udp(net.a, "fd77::1", here6), b6 = udp(net.b, "fd77::2", there6);
  for (int i = 0; i < 100; ++i) send_to(a, "10.77.0.2", there, "x");
  for (int i = 0; i < 30; ++i) send_to(b, "10.77.0.1", here, "y");
  for (int i = 0; i < 7; ++i) send_to(a6, "fd77::2", there6, "x");
  for (int i = 0; i < 5; ++i) send_to(b6, "fd77::1", here6, "y");
  const FlowTable all{{"10.77.0.1", "10.77.0.2", 100, 30}, {"fd77::1", "fd77::2", 7, 5}};
  EXPECT_TRUE(eventually(5s, [&] { return counted() == all; })) << counted().size();
}

TEST_F(Datagrams, OnLoopbackAreNotCounted) {
  std::uint16_t one = 0, two = 0;
  auto a = udp(net.a, "127.0.0.1", one), b = udp(net.a, "127.0.0.1", two);
  send_to(a, "127.0.0.1", two, "x");
  ASSERT_TRUE(readable(b, 5s));
  EXPECT_TRUE(counted().empty());
}

TEST_F(Datagrams, OfAClosedGateAreSentWhenTheApplicationSendsThemAndReceivedWhenTheyComeThrough) {
  std::uint16_t here = 0, there = 0;
  auto a = udp(net.a, "10.77.0.1", here), b = udp(net.b, "10.77.0.2", there);
  ASSERT_TRUE(gate->close(std::nullopt));
  send_to(a, "10.77.0.2", there, "x");
  send_to(b, "10.77.0.1", here, "y");
  EXPECT_FALSE(readable(a, 50ms));
  EXPECT_EQ(counted(), (FlowTable{{"10.77.0.1", "10.77.0.2", 1, 0}}));
  ASSERT_TRUE(gate->open());
  EXPECT_TRUE(eventually(5s, [&] { return counted() == FlowTable{{"10.77.0.1", "10.77.0.2", 1, 1}}; }));
}

TEST_F(Datagrams, StayCountedWhenTheSidecarStartsAgain) {
  std::uint16_t here = 0, there = 0;
  auto a = udp(net.a, "10.77.0.1", here), b = udp(net.b, "10.77.0.2", there);
  send_to(a, "10.77.0.2", there, "x");
  gate.reset();
  net.a.run([&] { gate.emplace(must(gate::Gate::install(gate::GateKind::Drop, kControlPort))); });
  send_to(a, "10.77.0.2", there, "x");
  EXPECT_EQ(counted(), (FlowTable{{"10.77.0.1", "10.77.0.2", 2, 0}}));
}

}  // namespace
}  // namespace cutline::sockets
