#include "participant_fixture.hpp"

namespace cutline::protocol::participant {
namespace {

struct Participant : Fixture {};

// "When a process receives such a message, it takes a local checkpoint, queues any subsequent message handed to it by
// the application it is executing, and acknowledges to the coordinator that it has taken a checkpoint."
TEST_F(Participant, SavesBehindItsGateAndAcknowledgesWhenThatIsDone) {
  EXPECT_EQ(request(7), "Persist, Save 7");
  EXPECT_EQ(save_ends(7), "Acked 7");
}

// "... to allow the (blocked) processes to continue."
TEST_F(Participant, OpensItsGateAtDoneAndKeepsTheCheckpoint) {
  saved(7);
  EXPECT_EQ(done(7), "OpenGate 7, Keep 7, Opened 7");
  EXPECT_TRUE(is<Idle>());
}

TEST_F(Participant, OpensItsGateAtAbortAndDropsTheCheckpoint) {
  saved(7);
  EXPECT_EQ(abort(7), "OpenGate 7, Discard 7, Opened 7");
}

TEST_F(Participant, AnswersARepeatedRequestWithoutSavingAgain) {
  (void)request(7);
  EXPECT_EQ(request(7, 5ms), "");
  EXPECT_EQ(save_ends(7), "Acked 7");
  EXPECT_EQ(request(7, 40ms), "Acked 7");
}

TEST_F(Participant, AnswersARepeatedDoneOrAbortAsItAnsweredTheFirst) {
  saved(7);
  (void)done(7);
  EXPECT_EQ(done(7), "OpenGate 7, Keep 7, Opened 7");
  saved(8);
  (void)abort(8);
  EXPECT_EQ(abort(8), "OpenGate 8, Discard 8, Opened 8");
}

TEST_F(Participant, RefusesARequestOfAnOlderEpoch) {
  EXPECT_EQ(request(5), "Refused 5 Conflict");
  EXPECT_EQ(state.epoch, Epoch{6});
}

TEST_F(Participant, RefusesASecondRoundWhileItIsInOne) {
  (void)request(7);
  EXPECT_EQ(request(8), "Refused 8 Busy");
  (void)save_ends(7);
  EXPECT_EQ(request(8), "Refused 8 Busy");
  EXPECT_EQ(prepare(9), "Refused 9 Busy");
  EXPECT_EQ(done(7), "OpenGate 7, Keep 7, Opened 7");
}

TEST_F(Participant, OpensItsGateAtTheDeadlineButLeavesTheDecisionToTheCoordinator) {
  saved(7);
  EXPECT_EQ(wake(state), start + 100ms);
  EXPECT_EQ(at(Tick{start + 99ms}), "");
  EXPECT_EQ(at(Tick{start + 100ms}), "OpenGate 7");
  EXPECT_EQ(wake(state), std::nullopt);
  EXPECT_EQ(done(7, 200ms), "OpenGate 7, Keep 7, Opened 7");
}

TEST_F(Participant, DropsWhatWasSavedWhenAnAbortComesAfterTheDeadline) {
  saved(7);
  (void)at(Tick{start + 100ms});
  EXPECT_EQ(abort(7, 200ms), "OpenGate 7, Discard 7, Opened 7");
}

TEST_F(Participant, AnOpenedGateVoidsTheAcknowledgement) {
  saved(7);
  EXPECT_EQ(request(7, 100ms), "OpenGate 7, Refused 7 Timeout");
}

TEST_F(Participant, ASaveThatEndsAfterTheDeadlineIsWorthNothing) {
  (void)request(7);
  EXPECT_EQ(save_ends(7, 100ms), "OpenGate 7, Discard 7, Refused 7 Timeout");
}

TEST_F(Participant, AFailedSaveOpensTheGateAndSaysWhy) {
  (void)request(7);
  EXPECT_EQ(at(SaveEnded{Epoch{7}, fail(Code::Exhausted, "disk full"), start + 9ms}),
            "OpenGate 7, Discard 7, Refused 7 Exhausted");
}

TEST_F(Participant, AnAbortDuringTheSaveIsAnsweredWhenTheGateIsOpen) {
  (void)request(7);
  EXPECT_EQ(abort(7, 10ms), "");
  EXPECT_EQ(save_ends(7), "OpenGate 7, Discard 7, Refused 7 Conflict, Opened 7");
  EXPECT_TRUE(is<Idle>());
}

TEST_F(Participant, AnAbortThatOvertakesItsRequestMakesTheRequestStale) {
  EXPECT_EQ(abort(7), "Persist, Opened 7");
  EXPECT_EQ(request(7, 60ms), "Refused 7 Timeout");
  EXPECT_TRUE(is<Idle>());
}

TEST_F(Participant, ADecisionOnAnOlderRoundLeavesTheGateOfTheCurrentOneAlone) {
  saved(7);
  EXPECT_EQ(done(5), "Keep 5, Opened 5");
  EXPECT_EQ(abort(4), "Discard 4, Opened 4");
  EXPECT_TRUE(is<Saved>());
}

TEST_F(Participant, AnAbortOfALaterRoundLeavesTheCurrentOneAlone) {
  saved(7);
  EXPECT_EQ(abort(8), "Opened 8");
  EXPECT_TRUE(is<Saved>());
  EXPECT_EQ(state.epoch, Epoch{7});
}

TEST_F(Participant, DoesNotBelieveADoneThatItCannotKnow) {
  EXPECT_EQ(done(9), "Refused 9 Invalid");
  (void)request(10);
  EXPECT_EQ(done(10), "Refused 10 Conflict");
}

TEST_F(Participant, TheEndOfAnotherSaveChangesNothing) {
  EXPECT_EQ(save_ends(6), "");
  (void)request(7);
  EXPECT_EQ(save_ends(6), "");
  EXPECT_TRUE(is<Saving>());
}

TEST_F(Participant, RemembersItsEpochAcrossARestart) {
  saved(7);
  restart();
  EXPECT_EQ(request(7, 60ms), "Refused 7 Timeout");
  EXPECT_EQ(request(6, 60ms), "Refused 6 Conflict");
  EXPECT_EQ(done(7), "OpenGate 7, Keep 7, Opened 7");
}

TEST_F(Participant, LeavesWhatIsTheShellsToTheShell) {
  EXPECT_EQ(command(Forget{Epoch{3}}), "");
  EXPECT_EQ(command(Preflight{}), "");
}

}  // namespace
}  // namespace cutline::protocol::participant
