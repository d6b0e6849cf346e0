// The whole sidecar but its network: commands in, replies out. Histories, a checkpoint from time to time, severed
// connections.
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <cstdlib>
#include <future>

#include "tests/integration/rounds/asked.hpp"
#include "tests/integration/sockets/netns.hpp"

namespace cutline::test {
namespace {

using namespace std::chrono_literals;
using namespace protocol;

struct ShellOfAPod : AskedShell {
  void restart() {
    shell.reset();
    sidecar.restart();
    start();
  }

  void attempt() {
    const Epoch now{++epoch};
    (void)expect<Acked>(Request{now, kHold, {}});
    (void)expect<Opened>(Abort{now});
  }
  void roll_back(const LocalCheckpoint& to, std::vector<Connection> external = {}) {
    const Epoch now{++epoch};
    (void)expect<Prepared>(Prepare{now, to.epoch, to.digest, kHold, std::move(external)});
    (void)expect<Restored>(Restore{now, expect<Stopped>(Stop{now}).shifts});
    (void)expect<Opened>(Release{now});
  }
  History history(std::uint32_t last = 0) { return expect<History>(Recall{last}); }
};

// "3<-1 4<-3": index and parent of each, then the present's parent.
std::string told(const History& history) {
  std::string out;
  for (const auto& c : history.checkpoints) out += fmt::format("{}<-{} ", value(c.index), value(c.parent));
  return out + (history.present ? fmt::format("now<-{}", value(history.present->parent)) : "dead");
}

TEST_F(ShellOfAPod, TellsTheCheckpointsThatLedToThePresent) {
  EXPECT_EQ(told(history()), "now<-0");
  const auto first = snapshot();
  attempt();
  const auto second = snapshot();
  const auto all = history();
  EXPECT_EQ(told(all), fmt::format("{0}<-0 {1}<-{0} now<-{1}", value(first.index), value(second.index)));
  EXPECT_THAT(first.digest, testing::MatchesRegex("sha256:[0-9a-f]{64}"));
  EXPECT_EQ(all.checkpoints[0].digest, first.digest);
  EXPECT_EQ(all.checkpoints[1], [&] {
    auto stored = second;
    stored.timings = all.checkpoints[1].timings;  // the gate's is not known when it is stored
    return stored;
  }());
  EXPECT_EQ(told(history(1)), fmt::format("{1}<-{0} now<-{1}", value(first.index), value(second.index)));
  EXPECT_TRUE(all.present->observed);
  EXPECT_TRUE(all.present->digest.empty());
}

TEST_F(ShellOfAPod, LeavesTheTimelineThatARollbackAbandons) {
  const auto a = snapshot(), b = snapshot(), c = snapshot();
  roll_back(a);
  EXPECT_EQ(told(history()), fmt::format("{0}<-0 now<-{0}", value(a.index)));
  const auto d = snapshot();
  EXPECT_EQ(told(history()), fmt::format("{0}<-0 {1}<-{0} now<-{1}", value(a.index), value(d.index)));
  EXPECT_GT(d.index, c.index);
  roll_back(b);  // it is stored all the same
  EXPECT_EQ(told(history()), fmt::format("{0}<-0 {1}<-{0} now<-{1}", value(a.index), value(b.index)));
}

TEST_F(ShellOfAPod, KnowsItsHistoryWhenItStartsAgain) {
  const auto a = snapshot();
  (void)snapshot();
  roll_back(a);
  const auto before = told(history());
  restart();
  EXPECT_EQ(told(history()), before);
  EXPECT_FALSE(history().present->observed) << "what closed while it was away is not known";
  const auto b = snapshot();
  EXPECT_FALSE(b.observed);
  EXPECT_TRUE(history().present->observed) << "a new interval";
  EXPECT_EQ(told(history()), fmt::format("{0}<-0 {1}<-{0} now<-{1}", value(a.index), value(b.index)));
}

TEST_F(ShellOfAPod, KeepsACheckpointOfWhichItHearsOnlyAfterItsOwnRestart) {
  const Epoch now{++epoch};
  const auto saved = expect<Acked>(Request{now, kHold, {}}).checkpoint;
  restart();
  const auto digest = expect<Opened>(Done{now}).digest;
  EXPECT_EQ(told(history()), fmt::format("{0}<-0 now<-{0}", value(saved.index)));
  EXPECT_EQ(history().checkpoints[0].digest, digest);
  EXPECT_EQ(expect<Opened>(Done{now}).digest, digest) << "and the same, asked again";
}

TEST_F(ShellOfAPod, HasNoGapWhereACheckpointWasCollected) {
  const auto a = snapshot(), b = snapshot(), c = snapshot();
  (void)expect<Forgotten>(Forget{b.epoch});
  EXPECT_EQ(told(history()), fmt::format("{0}<-0 {1}<-{0} now<-{1}", value(a.index), value(c.index)));
  (void)expect<Forgotten>(Forget{c.epoch});
  EXPECT_EQ(told(history()), fmt::format("{0}<-0 now<-{0}", value(a.index)));
  restart();
  EXPECT_EQ(told(history()), fmt::format("{0}<-0 now<-{0}", value(a.index)));
  const auto d = snapshot();
  EXPECT_EQ(told(history()), fmt::format("{0}<-0 {1}<-{0} now<-{1}", value(a.index), value(d.index)));
}

// ---- own time -------------------------------------------------------------------------------------------------------

const Independent often{Millis{300}, Millis{100}, kHold, {}};

TEST_F(ShellOfAPod, TakesACheckpointFromTimeToTimeAndKeepsIt) {
  (void)expect<Configured>(Configure{often, Millis{0}});
  ASSERT_TRUE(testing_net::eventually(60s, [&] { return history().checkpoints.size() >= 3; }));
  (void)expect<Configured>(Configure{});
  const auto before = history();
  for (const auto& c : before.checkpoints) {
    EXPECT_TRUE(is_own(c.epoch));
    EXPECT_EQ(c.epoch, own_checkpoint(c.index));
    EXPECT_TRUE(must(sidecar.store().load(c.epoch)).committed);
  }
  EXPECT_FALSE(must(sidecar.gate().state()).closed);
  must(next_numbers(app, app.out().text().size()));
  roll_back(before.checkpoints[1]);
  EXPECT_EQ(value(history().present->parent), value(before.checkpoints[1].index));
}

TEST_F(ShellOfAPod, GoesOnByItselfAfterARestart) {
  (void)expect<Configured>(Configure{often, Millis{0}});
  restart();
  EXPECT_TRUE(testing_net::eventually(60s, [&] { return !history().checkpoints.empty(); }));
}

TEST_F(ShellOfAPod, TakesPartInRoundsBetweenItsOwnCheckpoints) {
  (void)expect<Configured>(Configure{{{Millis{100}, Millis{0}, kHold, {}}}, Millis{0}});
  std::vector<LocalCheckpoint> rounds;
  for (int i = 0; i < 3; ++i) rounds.push_back(snapshot());
  roll_back(rounds[1]);
  (void)expect<Configured>(Configure{});
  const auto all = history();
  EXPECT_TRUE(std::ranges::any_of(all.checkpoints, [&](const auto& c) { return c.epoch == rounds[1].epoch; }));
  EXPECT_FALSE(std::ranges::any_of(all.checkpoints, [&](const auto& c) { return c.epoch == rounds[2].epoch; }));
}

// ---- connections ----------------------------------------------------------------------------------------------------

// An application with two connections to a peer that does not go back, and that echoes what comes.
struct ShellOfATalkingPod : testing::Test {
  testing_net::Netns peer;
  std::uint16_t ports[2] = {};
  Fd listeners[2], connections[2];

  void SetUp() override {
    const auto joined = fmt::format(
        "ip link add eth0 type veth peer name eth0 netns {} && ip addr add 10.77.0.1/24 dev eth0 && ip link set eth0 "
        "up",
        peer.tid());
    ASSERT_EQ(std::system(joined.c_str()), 0) << "is iproute2 installed?";  // NOLINT(concurrency-mt-unsafe)
    peer.shell("ip link set lo up && ip addr add 10.77.0.2/24 dev eth0 && ip link set eth0 up");
    for (int i = 0; i < 2; ++i) listeners[i] = testing_net::listen_tcp(peer, "10.77.0.2", ports[i]);
  }
  void TearDown() override { (void)std::system("ip link del eth0"); }  // NOLINT(concurrency-mt-unsafe)
  Container start() {
    auto app = must(Container::start(
        {.command = {"/stream", "echo", "10.77.0.2", std::to_string(ports[0]), std::to_string(ports[1])},
         .binds = {{CUTLINE_STREAM, "/stream"}}}));
    for (int i = 0; i < 2; ++i) connections[i] = testing_net::accept_tcp(listeners[i]);
    must(app.out().wait([](const std::string& text) { return text.contains("ready 2"); }, soon()));
    return app;
  }
  void echo(int which, const std::string& text) const {
    testing_net::send_all(connections[which], text);
    EXPECT_EQ(testing_net::receive(connections[which], text.size()), text);
  }
};

// What the shell tests above have, over an application of this test's.
struct Spoken {
  explicit Spoken(Container& app)
      : sidecar{{&app}},
        shell{sidecar.parts(), sidecar.history(), sidecar.remote(), sidecar.recorded(), sidecar.configured()} {}
  template <class R>
  R expect(Command command) {
    std::promise<Reply> answered;
    shell.command(std::move(command), [&](Reply r) { answered.set_value(std::move(r)); });
    auto reply = answered.get_future().get();
    if (const auto* refused = std::get_if<Refused>(&reply)) throw std::runtime_error(refused->why.message);
    return std::get<R>(std::move(reply));
  }
  LocalCheckpoint snapshot(std::uint64_t epoch) {
    auto acked = expect<Acked>(Request{Epoch{epoch}, kHold, {}});
    acked.checkpoint.digest = expect<Opened>(Done{Epoch{epoch}}).digest;
    return acked.checkpoint;
  }
  Sidecar sidecar;
  sidecar::Shell shell;
};

const Counters* of_port(const CounterTable& table, std::uint16_t port) {
  const auto found = std::ranges::find(table, port, [](const Counters& c) { return c.remote.port; });
  return found == table.end() ? nullptr : &*found;
}

TEST_F(ShellOfATalkingPod, TellsOfAConnectionWhereItClosedAndNoLaterThanItsCheckpoint) {
  auto app = start();
  Spoken pod{app};
  echo(0, "before");
  const auto first = pod.snapshot(1);
  ASSERT_NE(of_port(first.counters, ports[0]), nullptr);
  EXPECT_EQ(of_port(first.counters, ports[0])->sent, 6U);
  EXPECT_TRUE(first.closed.empty());
  echo(0, "more");
  connections[0].reset();
  must(app.out().wait([](const std::string& text) { return text.contains("closed 0"); }, soon()));
  const auto present = [&] { return *pod.expect<History>(Recall{}).present; };
  ASSERT_TRUE(testing_net::eventually(10s, [&] { return present().closed.size() == 1; }));
  EXPECT_EQ(present().closed[0].received, 11U) << "ten bytes and the end";
  // An attempt that comes to nothing does not lose it.
  (void)pod.expect<Acked>(Request{Epoch{2}, kHold, {}});
  (void)pod.expect<Opened>(Abort{Epoch{2}});
  const auto second = pod.snapshot(3);
  ASSERT_EQ(second.closed.size(), 1U);
  EXPECT_EQ(second.closed[0].remote.port, ports[0]);
  EXPECT_EQ(of_port(second.counters, ports[0]), nullptr);
  EXPECT_TRUE(second.observed);
  EXPECT_TRUE(present().closed.empty());
  // Collected: what it told stays with the one that follows.
  const auto third = pod.snapshot(4);
  (void)pod.expect<Forgotten>(Forget{second.epoch});
  const auto all = pod.expect<History>(Recall{});
  ASSERT_EQ(all.checkpoints.size(), 2U);
  EXPECT_EQ(all.checkpoints[1].parent, first.index);
  EXPECT_EQ(all.checkpoints[1].closed, second.closed);
  // Back to where it lived: its end here is of the new interval, and continues the checkpoint's count.
  (void)pod.expect<Prepared>(
      Prepare{Epoch{5},
              first.epoch,
              first.digest,
              kHold,
              {{of_port(first.counters, ports[0])->local, of_port(first.counters, ports[0])->remote}}});
  const auto told = pod.expect<Stopped>(Stop{Epoch{5}}).shifts;
  const auto ended = std::ranges::find(told, ports[0], [](const Shift& s) { return s.connection.remote.port; });
  ASSERT_NE(ended, told.end());
  EXPECT_EQ(ended->received, 5U) << "known although checkpoints were taken since it closed";
  (void)pod.expect<Restored>(Restore{Epoch{5}});
  (void)pod.expect<Opened>(Release{Epoch{5}});
  ASSERT_TRUE(testing_net::eventually(10s, [&] { return present().closed.size() == 1; }));
  EXPECT_EQ(present().closed[0].received, 6U);
  EXPECT_EQ(present().parent, first.index);
}

// The peer stands for one that was put back as well: what was said since is forgotten here, and its numbers are where
// they came to be.
TEST_F(ShellOfATalkingPod, GoesOnAfterARollbackWhereTheSequenceNumbersHaveCome) {
  auto app = start();
  Spoken pod{app};
  echo(1, "before");
  const auto saved = pod.snapshot(1);
  for (int i = 0; i < 100; ++i) echo(1, std::string(1000, 'x'));
  (void)pod.expect<Prepared>(Prepare{Epoch{2}, saved.epoch, saved.digest, kHold, {}});
  const auto told = pod.expect<Stopped>(Stop{Epoch{2}}).shifts;
  ASSERT_EQ(told.size(), 2U);
  const auto moved = std::ranges::find(told, ports[1], [](const Shift& s) { return s.connection.remote.port; });
  EXPECT_EQ(moved->received, 100'000U);
  EXPECT_EQ(pod.expect<Stopped>(Stop{Epoch{2}}).shifts, told) << "asked again";
  (void)pod.expect<Restored>(Restore{Epoch{2}, {{moved->connection, 100'000, moved->received}}});
  (void)pod.expect<Opened>(Release{Epoch{2}});
  echo(1, "the same connection");
  EXPECT_EQ(of_port(pod.expect<History>(Recall{}).present->counters, ports[1])->received, 25U)
      << "counted from the checkpoint on";
  // And again: from there.
  (void)pod.expect<Prepared>(Prepare{Epoch{3}, saved.epoch, saved.digest, kHold, {}});
  const auto again = pod.expect<Stopped>(Stop{Epoch{3}}).shifts;
  const auto further = std::ranges::find(again, ports[1], [](const Shift& s) { return s.connection.remote.port; });
  EXPECT_EQ(further->received, 100'019U);
  (void)pod.expect<Restored>(Restore{Epoch{3}, {{further->connection, 100'019, further->received}}});
  (void)pod.expect<Opened>(Release{Epoch{3}});
  echo(1, "still");
}

TEST_F(ShellOfATalkingPod, SeversAConnectionSoThatBothEndsSeeIt) {
  auto app = start();
  Spoken pod{app};
  const auto counters = pod.expect<History>(Recall{}).present->counters;
  ASSERT_NE(of_port(counters, ports[0]), nullptr);
  const Sever sever{Epoch{1}, {{of_port(counters, ports[0])->local, of_port(counters, ports[0])->remote}}};
  (void)pod.expect<Severed>(sever);
  must(app.out().wait([](const std::string& text) { return text.contains("closed 0"); }, soon()));
  ASSERT_TRUE(testing_net::readable(connections[0], 20s)) << "the other end has not heard of it";
  char byte = 0;
  EXPECT_LE(::recv(connections[0].get(), &byte, 1, 0), 0);
  echo(1, "after");
  (void)pod.expect<Severed>(sever);
}

TEST_F(ShellOfATalkingPod, TakesOwnCheckpointsUnderTrafficAndNothingIsLostByARollbackToOne) {
  auto app = start();
  Spoken pod{app};
  (void)pod.expect<Configured>(Configure{{{Millis{150}, Millis{50}, kHold, {}}}, Millis{0}});
  std::size_t kept = 0;
  ASSERT_TRUE(testing_net::eventually(60s, [&] {
    for (int i = 0; i < 20; ++i) echo(1, "under traffic");
    kept = pod.expect<History>(Recall{}).checkpoints.size();
    return kept >= 3;
  })) << kept;
  (void)pod.expect<Configured>(Configure{});
  echo(1, "after the last one");
  for (const auto& c : pod.expect<History>(Recall{}).checkpoints) {
    ASSERT_NE(of_port(c.counters, ports[1]), nullptr);
    EXPECT_LT(c.timings.frozen, Micros{5'000'000});
  }
  EXPECT_FALSE(must(pod.sidecar.gate().state()).closed);
  const auto saved = pod.snapshot(1);
  (void)pod.expect<Prepared>(Prepare{Epoch{2}, saved.epoch, saved.digest, kHold, {}});
  (void)pod.expect<Stopped>(Stop{Epoch{2}});
  (void)pod.expect<Restored>(Restore{Epoch{2}});
  (void)pod.expect<Opened>(Release{Epoch{2}});
  echo(1, "the same connection");
}

}  // namespace
}  // namespace cutline::test
