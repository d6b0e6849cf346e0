#include "participant_fixture.hpp"

namespace cutline::protocol::participant {
namespace {

struct ParticipantRollback : Fixture {};

TEST_F(ParticipantRollback, VerifiesThenStopsThenRestoresThenReleases) {
  EXPECT_EQ(prepare(7), "Persist, Verify 5");
  EXPECT_EQ(prepare_ends(7), "Persist, Prepared 7");
  EXPECT_EQ(stop(7), "Persist, EndAll 5");
  EXPECT_EQ(stop_ends(7), "Stopped 7");
  EXPECT_EQ(restore(7), "Persist, PutBack 5");
  EXPECT_EQ(restore_ends(7), "Persist, Restored 7");
  EXPECT_EQ(release(7), "OpenGate 7, Persist, Opened 7");
  EXPECT_TRUE(is<Idle>());
}

TEST_F(ParticipantRollback, AnswersEachRepeatedCommandWithoutDoingItAgain) {
  (void)prepare(7);
  EXPECT_EQ(prepare(7), "");
  (void)prepare_ends(7);
  EXPECT_EQ(prepare(7), "Prepared 7");
  EXPECT_EQ(restore(7), "Refused 7 Conflict") << "not before it is stopped";
  (void)stop(7);
  EXPECT_EQ(stop(7), "");
  EXPECT_EQ(restore(7), "Refused 7 Conflict");
  (void)stop_ends(7);
  EXPECT_EQ(stop(7), "Stopped 7");
  EXPECT_EQ(prepare(7), "Prepared 7");
  (void)restore(7);
  EXPECT_EQ(restore(7), "");
  EXPECT_EQ(stop(7), "Stopped 7");
  EXPECT_EQ(prepare(7), "Prepared 7");
  (void)restore_ends(7);
  EXPECT_EQ(stop(7), "Stopped 7");
  EXPECT_EQ(restore(7), "Restored 7");
  (void)release(7);
  EXPECT_EQ(release(7), "OpenGate 7, Opened 7");
  EXPECT_EQ(restore(7), "Refused 7 Conflict") << "what is released is not put back again";
}

TEST_F(ParticipantRollback, TouchesNothingWhenTheCheckpointDoesNotVerify) {
  (void)prepare(7);
  EXPECT_EQ(prepare_ends(7, fail(Code::Corrupt, "digest")), "Persist, OpenGate 7, Refused 7 Corrupt");
  EXPECT_EQ(stop(7), "Refused 7 Conflict");
}

TEST_F(ParticipantRollback, TouchesNothingAfterAnAbort) {
  prepared(7);
  EXPECT_EQ(abort(7), "Persist, OpenGate 7, Opened 7");
  EXPECT_EQ(stop(7), "Refused 7 Conflict");
}

TEST_F(ParticipantRollback, AnAbortDuringTheVerificationIsAnsweredWhenThatHasEnded) {
  (void)prepare(7);
  EXPECT_EQ(abort(7, 5ms), "");
  EXPECT_EQ(prepare_ends(7), "Persist, OpenGate 7, Refused 7 Conflict, Opened 7");
}

TEST_F(ParticipantRollback, AVerificationThatEndsAfterTheDeadlineIsRefused) {
  (void)prepare(7);
  EXPECT_EQ(prepare_ends(7, {}, 100ms), "Persist, OpenGate 7, Refused 7 Timeout");
}

TEST_F(ParticipantRollback, ObeysStopAlsoAfterItsGateHasOpenedBecauseTheDecisionMayHaveComeBefore) {
  prepared(7);
  EXPECT_EQ(at(Tick{start + 100ms}), "OpenGate 7");
  EXPECT_EQ(at(Tick{start + 200ms}), "");
  EXPECT_EQ(stop(7, 300ms), "Persist, EndAll 5");
}

TEST_F(ParticipantRollback, ObeysStopAlsoAfterARestart) {
  prepared(7);
  restart();
  EXPECT_EQ(stop(7), "Persist, EndAll 5");
}

TEST_F(ParticipantRollback, KeepsAPreparedPodFromSnapshotsUntilTheGraceIsOver) {
  prepared(7);
  (void)at(Tick{start + 100ms});
  EXPECT_EQ(request(8, 200ms), "Refused 8 Busy");
  EXPECT_EQ(request(9, 100ms + kLapsedGrace), "Persist, Save 9");
  EXPECT_EQ(stop(7, 100ms + kLapsedGrace), "Refused 7 Conflict");
}

TEST_F(ParticipantRollback, NoDeadlineOpensTheGateOnceProcessesAreEnded) {
  prepared(7);
  (void)stop(7);
  EXPECT_EQ(wake(state), std::nullopt);
  EXPECT_EQ(at(Tick{start + 1h}), "");
  EXPECT_EQ(abort(7), "Refused 7 Conflict");
  (void)stop_ends(7);
  (void)restore(7);
  EXPECT_EQ(wake(state), std::nullopt);
  EXPECT_EQ(at(Tick{start + 1h}), "");
  EXPECT_EQ(abort(7), "Refused 7 Conflict");
  (void)restore_ends(7);
  EXPECT_EQ(at(Tick{start + 1h}), "");
}

TEST_F(ParticipantRollback, AFailedStopKeepsTheGateClosedAndCanBeTriedAgain) {
  prepared(7);
  (void)stop(7);
  EXPECT_EQ(stop_ends(7, fail(Code::Timeout, "no")), "Refused 7 Timeout");
  EXPECT_TRUE(is<Stuck>());
  EXPECT_EQ(release(7), "Refused 7 Conflict");
  EXPECT_EQ(stop(7), "Persist, EndAll 5");
  EXPECT_EQ(stop_ends(7), "Stopped 7");
}

TEST_F(ParticipantRollback, AFailedRestoreKeepsTheGateClosedAndCanBeTriedAgain) {
  stopped(7);
  (void)restore(7);
  EXPECT_EQ(restore_fails(7), "Refused 7 Internal");
  EXPECT_TRUE(is<Stuck>());
  EXPECT_EQ(release(7), "Refused 7 Conflict");
  EXPECT_EQ(request(8), "Refused 8 Busy");
  EXPECT_EQ(restore(7), "Persist, PutBack 5");
  EXPECT_EQ(restore_ends(7), "Persist, Restored 7");
}

TEST_F(ParticipantRollback, AnotherCheckpointCanBeTakenAfterAFailedRestoreWithTheGateStillClosed) {
  stopped(7);
  (void)restore(7);
  (void)restore_fails(7);
  EXPECT_EQ(prepare(8, 4), "Persist, Verify 4 gate stays");
  EXPECT_EQ(durable(state).restoring, Epoch{5});
  EXPECT_EQ(prepare_ends(8, {}, 1h), "Persist, Prepared 8");
  EXPECT_EQ(at(Tick{start + 2h}), "") << "this gate has no deadline";
  EXPECT_EQ(stop(8), "Persist, EndAll 4");
  EXPECT_EQ(stop_ends(8), "Stopped 8");
  EXPECT_EQ(restore(8), "Persist, PutBack 4");
}

TEST_F(ParticipantRollback, AnAbortedSecondRollbackLeavesTheGateClosed) {
  stopped(7);
  (void)restore(7);
  (void)restore_fails(7);
  (void)prepare(8, 4);
  EXPECT_EQ(prepare_ends(8, fail(Code::NotFound, "no")), "Persist, Refused 8 NotFound");
  EXPECT_TRUE(is<Stuck>());
  (void)prepare(9, 4);
  (void)prepare_ends(9);
  EXPECT_EQ(abort(9), "Persist, Opened 9");
  EXPECT_EQ(abort(9), "Opened 9");
  EXPECT_TRUE(is<Stuck>());
  EXPECT_EQ(durable(state).restoring, Epoch{5});
}

TEST_F(ParticipantRollback, ANewRollbackTakesOverWhatAnEarlierOneHadRestoredAndHeld) {
  restored(7);
  EXPECT_EQ(prepare(8, 4), "Persist, Verify 4 gate stays");
  EXPECT_EQ(release(7), "Refused 7 Conflict") << "the gate belongs to the new one";
}

TEST_F(ParticipantRollback, NoSnapshotTakesAPodWhoseEarlierRollbackHasNotEndedAlsoAfterARestart) {
  stopped(7);
  (void)restore(7);
  (void)restore_fails(7);
  (void)prepare(8, 4);
  (void)prepare_ends(8);
  restart();
  EXPECT_EQ(at(Tick{start + 2h}), "");
  EXPECT_EQ(request(9, 2h), "Refused 9 Busy");
  EXPECT_EQ(stop(8), "Persist, EndAll 4");
}

TEST_F(ParticipantRollback, WhatIsStoppedIsStoppedAgainAfterARestart) {
  stopped(7);
  restart();
  EXPECT_TRUE(is<Stuck>());
  EXPECT_EQ(stop(7), "Persist, EndAll 5");
  EXPECT_EQ(stop_ends(7), "Stopped 7");
}

TEST_F(ParticipantRollback, AnIrrevocableRollbackOutlivesTheSidecar) {
  stopped(7);
  (void)restore(7);
  restart();
  EXPECT_TRUE(is<Stuck>());
  EXPECT_EQ(abort(6), "Discard 6, Opened 6");
  EXPECT_EQ(restore(7), "Persist, PutBack 5");
}

TEST_F(ParticipantRollback, WhatIsRestoredIsStillRestoredAfterARestart) {
  restored(7);
  restart();
  EXPECT_EQ(restore(7), "Restored 7");
  EXPECT_EQ(release(7), "OpenGate 7, Persist, Opened 7");
}

TEST_F(ParticipantRollback, CommandsOfOtherEpochsAreRefused) {
  prepared(7);
  EXPECT_EQ(prepare(6), "Refused 6 Conflict");
  EXPECT_EQ(stop(6), "Refused 6 Conflict");
  EXPECT_EQ(stop(8), "Refused 8 Conflict");
  EXPECT_EQ(restore(6), "Refused 6 Conflict");
  EXPECT_EQ(restore(8), "Refused 8 Conflict");
  EXPECT_EQ(release(8), "Refused 8 Invalid");
  EXPECT_EQ(release(5), "Opened 5");
  EXPECT_EQ(request(7), "Refused 7 Conflict");
  EXPECT_EQ(done(7), "Refused 7 Conflict");
  EXPECT_TRUE(is<Prepared>());
}

TEST_F(ParticipantRollback, TheEndOfWhatIsNotRunningChangesNothing) {
  EXPECT_EQ(prepare_ends(6), "");
  EXPECT_EQ(stop_ends(6), "");
  EXPECT_EQ(restore_ends(6), "");
  prepared(7);
  EXPECT_EQ(prepare_ends(7), "");
  EXPECT_EQ(stop_ends(7), "");
  EXPECT_EQ(restore_ends(7), "");
}

TEST_F(ParticipantRollback, WhatComesBackFromDiskIsWhatWasThere) {
  const auto durably = [&] { return durable(revive(durable(state))) == durable(state); };
  prepared(7);
  EXPECT_TRUE(durably());
  (void)stop(7);
  EXPECT_TRUE(durably());
  (void)stop_ends(7);
  (void)restore(7);
  EXPECT_TRUE(durably());
  (void)restore_ends(7);
  EXPECT_TRUE(durably());
  (void)prepare(8);
  (void)prepare_ends(8);
  EXPECT_TRUE(durably());
  EXPECT_EQ(durable(state).prepared, Epoch{5});
}

}  // namespace
}  // namespace cutline::protocol::participant
