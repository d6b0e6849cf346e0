// "Restored sockets begin their kernel counters anew: keep the base of each connection, or the next round's arithmetic
// is wrong."
#include "sidecar/sockets/bases.hpp"

#include <gtest/gtest.h>

#include "tests/unit/sockets/sample.hpp"

namespace cutline::sockets {
namespace {

using protocol::Counters;
using protocol::CounterTable;

const Endpoint here{"10.0.0.1", 4000}, there{"10.0.0.2", 80};
const CounterTable checkpoint{{here, there, 1000, 1200, 500}};

TEST(Bases, OfAnUntouchedConnectionAreZero) {
  Bases bases;
  EXPECT_EQ(bases.absolute({socket_of(1, {.acked = 101, .received = 50, .sent = 100})}),
            (CounterTable{{here, there, 100, 100, 50}}));
}

// CRIU: acknowledged from 0, the 200 bytes in flight are in the send queue, 20 bytes of the receive queue were put in
// again.
TEST(Bases, ARestoredConnectionGoesOnWhereTheCheckpointWas) {
  Bases bases;
  const auto restored = with_send_queue(socket_of(9, {.acked = 0, .received = 20}), 200);
  EXPECT_TRUE(bases.rebase(checkpoint, {restored}).empty());
  EXPECT_EQ(bases.absolute({restored}), checkpoint);
  const auto later = with_send_queue(socket_of(9, {.acked = 250, .received = 60}), 10);
  EXPECT_EQ(bases.absolute({later}), (CounterTable{{here, there, 1250, 1260, 540}}));
}

TEST(Bases, SurviveASecondRollback) {
  Bases bases;
  (void)bases.rebase(checkpoint, {with_send_queue(socket_of(9, {.received = 20}), 200)});
  const auto second = bases.absolute({with_send_queue(socket_of(9, {.acked = 300, .received = 30}), 0)});
  EXPECT_EQ(second, (CounterTable{{here, there, 1300, 1300, 510}}));
  const auto again = socket_of(12, {.acked = 0, .received = 3});
  EXPECT_TRUE(bases.rebase(second, {again}).empty());
  EXPECT_EQ(bases.absolute({again}), second);
}

TEST(Bases, ThatARollbackToAnEarlierCheckpointReplacesGoBackToo) {
  Bases bases;
  (void)bases.rebase(checkpoint, {socket_of(9, {})});
  (void)bases.absolute({socket_of(9, {.acked = 5000, .received = 5000})});
  EXPECT_TRUE(bases.rebase(checkpoint, {with_send_queue(socket_of(10, {}), 200)}).empty());
  EXPECT_EQ(bases.absolute({with_send_queue(socket_of(10, {}), 200)}), checkpoint);
}

TEST(Bases, NameTheConnectionsThatWereNotRestored) {
  Bases bases;
  auto other = socket_of(9, {});
  other.remote.port = 81;
  EXPECT_EQ(bases.rebase(checkpoint, {other}), checkpoint);
}

TEST(Bases, OfConnectionsThatAreGoneAreForgotten) {
  Bases bases;
  (void)bases.rebase(checkpoint, {socket_of(9, {})});
  EXPECT_EQ(bases.all().size(), 1u);
  bases.observe({});
  EXPECT_TRUE(bases.all().empty());
}

TEST(Bases, GiveADestroyedSocketItsFinalCounters) {
  Bases bases;
  (void)bases.rebase(checkpoint, {with_send_queue(socket_of(9, {.acked = 0, .received = 20}), 200)});
  bases.observe({});  // a look finds it gone before the kernel has told
  EXPECT_EQ(bases.gone(), 1u);
  const auto last = bases.final_of(socket_of(9, {.acked = 251, .received = 61}, TcpState::Close));
  EXPECT_EQ(last.counters, (Counters{here, there, 1251, 1251, 541}));
  EXPECT_TRUE(last.exact);
  EXPECT_EQ(bases.gone(), 0u);
}

// Sockets are listed, one of them is destroyed, and its end is told of before the list is looked at.
TEST(Bases, ALookThatIsOlderThanTheNewsBringsNoConnectionBack) {
  Bases bases;
  const auto listed = socket_of(9, {.acked = 11, .received = 4, .sent = 10});
  bases.observe({listed});
  EXPECT_TRUE(bases.final_of(socket_of(9, {.acked = 12, .received = 4, .sent = 10}, TcpState::Close)).counters);
  EXPECT_TRUE(bases.absolute({listed}).empty());
  bases.observe({});
  EXPECT_EQ(bases.gone(), 0u) << "nobody will tell of its end again";
}

TEST(Bases, GiveARestoredSocketThatIsDestroyedUnusedTheCheckpointsCounters) {
  Bases bases;
  (void)bases.rebase(checkpoint, {socket_of(9, {})});
  EXPECT_EQ(bases.final_of(socket_of(9, {}, TcpState::Close)).counters, (Counters{here, there, 1000, 1000, 500}));
}

TEST(Bases, OfADestroyedSocketThatWasNeverSeenAreZero) {
  Bases bases;
  EXPECT_EQ(bases.final_of(socket_of(9, {.acked = 12, .received = 4, .sent = 10}, TcpState::Close)).counters,
            (Counters{here, there, 11, 11, 4}));
}

// The kernel's work queue may be late, and the tuple lives again: a closing would make two connections of one.
TEST(Bases, OfConnectionsThatWereEndedForARestoreHaveNoFinalCountersHoweverLateTheyAreTold) {
  Bases bases;
  const auto before = socket_of(1, {.acked = 101, .received = 50, .sent = 100});
  bases.observe({before});
  auto unseen = socket_of(2, {.acked = 7, .received = 5, .sent = 7});
  unseen.local.port = 4001;
  bases.end({before, unseen});
  (void)bases.rebase(checkpoint, {socket_of(9, {})});
  for (const std::uint64_t cookie : {1, 2}) {
    const auto last = bases.final_of(socket_of(cookie, {.acked = 101, .received = 50, .sent = 100}, TcpState::Close));
    EXPECT_FALSE(last.counters);
    EXPECT_TRUE(last.exact);
  }
  EXPECT_TRUE(bases.final_of(socket_of(9, {}, TcpState::Close)).counters) << "the restored one has really been closed";
}

// SO_LINGER of 0: the kernel tells that it is gone, and no more.
TEST(Bases, OfAnAbortedConnectionKnowTheLeastThatItCanHaveMoved) {
  Bases bases;
  bases.observe({socket_of(9, {.acked = 11, .received = 4, .sent = 10})});
  auto gone = socket_of(9, {}, TcpState::Close);
  gone.remote = {};
  gone.wiped = true;
  const auto last = bases.final_of(gone);
  EXPECT_EQ(last.counters, (Counters{here, there, 10, 10, 4}));
  EXPECT_FALSE(last.exact);
  EXPECT_FALSE(bases.final_of(gone).counters) << "nothing is known of it now";
  EXPECT_FALSE(bases.final_of(gone).exact);
}

TEST(Bases, OfAConnectionInsideOfThePodHaveNoFinalCounters) {
  Bases bases;
  auto inside = socket_of(9, {.acked = 11, .sent = 10});
  inside.remote.address = "127.0.0.1";
  bases.observe({inside});
  inside.state = TcpState::Close;
  EXPECT_FALSE(bases.final_of(inside).counters);
  EXPECT_TRUE(bases.final_of(inside).exact);
}

TEST(Bases, GiveUpAfterTenLooksWhatTheKernelNeverTells) {
  Bases bases;
  bases.observe({socket_of(9, {.acked = 1})});
  for (int look = 0; look < 11; ++look) {
    EXPECT_FALSE(bases.give_up());
    bases.observe({});
  }
  EXPECT_FALSE(bases.give_up());
  bases.observe({});
  EXPECT_TRUE(bases.give_up());
  EXPECT_EQ(bases.gone(), 0u);
}

// The kernel goes on counting; the pod's state has gone back.
TEST(Bases, OfDatagramsGoBackWithARollback) {
  Bases bases;
  const protocol::FlowTable checkpointed{{"10.0.0.1", "10.0.0.2", 100, 90}};
  bases.rebase(checkpointed, {{"10.0.0.1", "10.0.0.2", 150, 95}, {"10.0.0.1", "10.0.0.3", 5, 0}});
  EXPECT_EQ(bases.absolute(protocol::FlowTable{{"10.0.0.1", "10.0.0.2", 150, 95}, {"10.0.0.1", "10.0.0.3", 5, 0}}),
            checkpointed);
  EXPECT_EQ(bases.absolute(protocol::FlowTable{{"10.0.0.1", "10.0.0.2", 151, 97}, {"10.0.0.1", "10.0.0.3", 6, 2}}),
            (protocol::FlowTable{{"10.0.0.1", "10.0.0.2", 101, 92}, {"10.0.0.1", "10.0.0.3", 1, 2}}));
  const auto read = Bases::from_json(bases.to_json());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->absolute(protocol::FlowTable{{"10.0.0.1", "10.0.0.2", 150, 95}, {"10.0.0.1", "10.0.0.3", 5, 0}}),
            checkpointed);
}

// A new connection may get the tuple of an old one; its cookie is another.
TEST(Bases, DoNotPassToANewConnectionOfTheSameTuple) {
  Bases bases;
  (void)bases.rebase(checkpoint, {socket_of(9, {})});
  EXPECT_EQ(bases.absolute({socket_of(10, {.acked = 6, .sent = 5})}), (CounterTable{{here, there, 5, 5, 0}}));
}

TEST(Bases, RememberWhichEndConnectedThoughLaterFiguresBlurIt) {
  Bases bases;
  bases.observe({socket_of(1, {.acked = 1})});
  EXPECT_EQ(bases.absolute({socket_of(1, {.acked = 101, .sent = 101})}), (CounterTable{{here, there, 100, 100, 0}}));
}

TEST(Numbers, OfARestoredConnectionLieAfterItsCounters) {
  Bases bases;
  EXPECT_TRUE(
      bases.rebase(checkpoint, {with_send_queue(socket_of(9, {}), 200)}, {{{here, there}, {7, 10'000}}}).empty());
  EXPECT_EQ(bases.numbers({with_send_queue(socket_of(9, {.received = 40}), 200)}),
            (Bases::Numbers{{{here, there}, 10'540U}}));
  EXPECT_EQ(bases.offset_of({here, there}), (Bases::Offset{7, 10'000}));
  const auto read = Bases::from_json(bases.to_json());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->offset_of({here, there}), (Bases::Offset{7, 10'000}));
}

TEST(Numbers, OfAClosedConnectionAreRemembered) {
  Bases bases;
  (void)bases.rebase(checkpoint, {with_send_queue(socket_of(9, {}), 200)}, {{{here, there}, {7, 10'000}}});
  const auto last = with_send_queue(socket_of(9, {.received = 40}), 200);
  (void)bases.numbers({last});
  EXPECT_EQ(bases.numbers({}), (Bases::Numbers{{{here, there}, 10'540U}})) << "its end is not told of yet";
  ASSERT_TRUE(bases.final_of(last).counters);
  const auto known = bases.numbers({});
  ASSERT_TRUE(known.contains({here, there}));
  EXPECT_GE(known.at({here, there}), 10'540U);
  EXPECT_TRUE(bases.numbers({socket_of(11, {.received = 3})}).empty()) << "another connection has its name";
}

TEST(Bases, AreTheSameAfterTheirFileIsRead) {
  Bases bases;
  (void)bases.rebase(checkpoint, {with_send_queue(socket_of(0xffff'ffff'ffff'fff0, {.received = 2000}), 200),
                                  socket_of(2, {.acked = 1})});
  const auto read = Bases::from_json(bases.to_json());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->all(), bases.all());
}

TEST(Bases, OfADamagedFileAreRefused) {
  for (const auto* text : {"", "{}", "[]", R"({"sockets":[]})",
                           R"({"sockets":[{"cookie":1,"origin":"guessed","sent":0,"received":0}],"flows":[]})",
                           R"({"sockets":[{"cookie":"x","origin":"restored","sent":0,"received":0}],"flows":[]})"}) {
    const auto read = Bases::from_json(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, Code::Corrupt);
  }
}

}  // namespace
}  // namespace cutline::sockets
