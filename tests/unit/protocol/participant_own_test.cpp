// "Independent checkpointing: each process simply records its local state from time to time in an uncoordinated
// fashion."
#include "participant_fixture.hpp"
#include "protocol/pace.hpp"

namespace cutline::protocol::participant {
namespace {

struct OwnCheckpoint : Fixture {};

TEST_F(OwnCheckpoint, IsKeptAtOnceAndNobodyIsAsked) {
  EXPECT_EQ(due(1), "Persist, Save own 1");
  EXPECT_EQ(own_ends(1), "OpenGate own 1, Keep own 1");
  EXPECT_TRUE(is<Idle>());
  EXPECT_EQ(state.epoch, Epoch{6}) << "no round's epoch";
}

TEST_F(OwnCheckpoint, ThatFailsOrIsLateIsDroppedAndTheGateOpens) {
  (void)due(1);
  EXPECT_EQ(own_fails(1), "OpenGate own 1, Discard own 1");
  (void)due(2);
  EXPECT_EQ(own_ends(2, 100ms), "OpenGate own 2, Discard own 2");
  EXPECT_TRUE(is<Idle>());
}

TEST_F(OwnCheckpoint, NeverStandsInARoundsWay) {
  (void)request(7);
  EXPECT_EQ(due(1), "");
  (void)save_ends(7);
  EXPECT_EQ(due(1), "");
  (void)done(7);
  restored(8);
  EXPECT_EQ(due(1), "");
  (void)release(8);
  EXPECT_EQ(due(1), "Persist, Save own 1");
}

TEST_F(OwnCheckpoint, LetsARequestWaitForItsEnd) {
  (void)due(1);
  EXPECT_EQ(request(7), "");
  EXPECT_EQ(request(7), "") << "said again";
  EXPECT_EQ(own_ends(1), "OpenGate own 1, Keep own 1, Persist, Save 7");
  EXPECT_EQ(save_ends(7, 120ms), "Acked 7") << "its time began when its save did";
}

TEST_F(OwnCheckpoint, LetsARollbackWaitForItsEndAlsoWhenItFails) {
  (void)due(1);
  EXPECT_EQ(prepare(7), "");
  EXPECT_EQ(own_fails(1), "OpenGate own 1, Discard own 1, Persist, Verify 5");
}

TEST_F(OwnCheckpoint, KeepsOnePlaceForTheLatestRound) {
  (void)due(1);
  EXPECT_EQ(request(7), "");
  EXPECT_EQ(prepare(8), "Refused 7 Busy");
  EXPECT_EQ(request(7), "Refused 7 Busy");
  EXPECT_EQ(own_ends(1), "OpenGate own 1, Keep own 1, Persist, Verify 5");
}

TEST_F(OwnCheckpoint, ForgetsAWaitingRoundThatIsAborted) {
  (void)due(1);
  (void)request(7);
  EXPECT_EQ(abort(7), "Persist, Refused 7 Conflict, Opened 7");
  EXPECT_EQ(request(7), "Refused 7 Timeout");
  EXPECT_EQ(own_ends(1), "OpenGate own 1, Keep own 1");
}

TEST_F(OwnCheckpoint, HoldsItsGateAgainstLateWordsOfRoundsThatHaveEnded) {
  saved(7);
  (void)done(7);
  (void)due(1, 60ms);
  EXPECT_EQ(done(7, 70ms), "Keep 7, Opened 7");
  EXPECT_EQ(abort(7, 70ms), "Discard 7, Opened 7");
  EXPECT_EQ(release(7), "Opened 7");
  EXPECT_EQ(restore(7), "Refused 7 Conflict");
  EXPECT_EQ(request(6), "Refused 6 Conflict");
  EXPECT_TRUE(is<SavingOwn>());
}

TEST_F(OwnCheckpoint, IsNothingToASidecarThatStartsAgain) {
  (void)due(1);
  restart();
  EXPECT_TRUE(is<Idle>());
  EXPECT_EQ(own_ends(1), "") << "of a process that is gone";
}

// ---- when it is due -------------------------------------------------------------------------------------------------

const Independent own{Millis{30'000}, Millis{10'000}, Millis{5'000}, {}};
const Instant last{1h};

TEST(Pace, IsTheIntervalWithItsJitterUpAndDown) {
  EXPECT_EQ(next_due(last, own, 0.5, 0), last + 30s);
  EXPECT_EQ(next_due(last, own, 0, 0), last + 20s);
  EXPECT_EQ(next_due(last, own, 0.75, 0), last + 35s);
}

TEST(Pace, SlowsDownWhileTheDiskIsFullUpToALimit) {
  EXPECT_EQ(next_due(last, own, 0.5, 1), last + 60s);
  EXPECT_EQ(next_due(last, own, 0.5, 5), last + 960s);
  EXPECT_EQ(next_due(last, own, 0.5, 60), last + 960s);
}

TEST(Pace, NeverBecomesARush) {
  EXPECT_EQ(next_due(last, {Millis{1'000}, Millis{5'000}, {}, {}}, 0, 0), last + kLeastPause);
}

}  // namespace
}  // namespace cutline::protocol::participant
