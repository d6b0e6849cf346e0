#include "protocol/round.hpp"

#include <gtest/gtest.h>

#include "sends.hpp"

namespace cutline::protocol::round {
namespace {

using namespace std::chrono_literals;
const Instant start{1h};
const PodUid a{"a"}, b{"b"}, stranger{"c"};
const Epoch epoch{7};
const Plan plan{epoch, {a, b}, 100ms, 10ms, {}};

Acked acknowledgement(Epoch of) { return {of, LocalCheckpoint{.epoch = of, .digest = "sha256:0"}}; }

struct Round : testing::Test {
  State state;
  Output at(const Event& event) { return step(state, event); }
  Output requested() {
    (void)at(Begin{plan, start});
    return at(Recorded{start});
  }
  Output ack(const PodUid& from, Millis when, Epoch of = epoch) {
    return at(Answered{from, acknowledgement(of), start + when});
  }
  Output refusal(const PodUid& from, Code code, Epoch of = epoch) {
    return at(Answered{from, Refused{of, {code, "no"}}, start + 5ms});
  }
  Output opened(const PodUid& from, Epoch of = epoch) { return at(Answered{from, Opened{of, 0us}, start + 60ms}); }
  Output committed() {
    (void)requested();
    (void)ack(a, 20ms);
    (void)ack(b, 30ms);
    return at(Recorded{start + 40ms});
  }
  template <class S>
  bool is() const {
    return std::holds_alternative<S>(state);
  }
  bool ended(bool committed) const {
    const auto* end = std::get_if<Ended>(&state);
    return end != nullptr && end->epoch == epoch && end->committed == committed;
  }
};

// "A coordinator first multicasts a checkpoint-request message to all processes."
TEST_F(Round, RequestsGoToAllMembers) {
  const auto out = requested();
  EXPECT_EQ(sends_of<Request>(out), 2U);
  EXPECT_EQ(out.send[0].to, a);
  EXPECT_EQ(out.send[1].to, b);
  EXPECT_EQ(std::get<Request>(out.send[0].command).hold, 100ms);
}

TEST_F(Round, RequestsLeaveOnlyAfterTheEpochIsDurable) {
  const auto out = at(Begin{plan, start});
  EXPECT_TRUE(persists<Reserve>(out));
  EXPECT_TRUE(out.send.empty());
  EXPECT_TRUE(at(Tick{start + 1h}).send.empty());
}

TEST_F(Round, ARoundWhoseEpochCannotBeReservedEndsWithoutAWord) {
  (void)at(Begin{plan, start});
  EXPECT_TRUE(at(RecordFailed{"fenced", start}).send.empty());
  EXPECT_TRUE(ended(false));
}

TEST_F(Round, AMemberThatLeavesBeforeTheRequestsEndsTheRoundBeforeAnyoneIsAsked) {
  (void)at(Begin{plan, start});
  (void)at(MemberGone{b, start});
  const auto out = at(Recorded{start});
  EXPECT_TRUE(persists<Failure>(out));
  EXPECT_TRUE(out.send.empty());
  EXPECT_TRUE(ended(false));
}

TEST_F(Round, AHoldThatItsOwnMarginEatsUpIsInvalid) {
  (void)at(Begin{{epoch, {a}, 10ms, 10ms, {}}, start});
  const auto out = at(Recorded{start});
  ASSERT_TRUE(persists<Failure>(out));
  EXPECT_EQ(std::get<Failure>(*out.persist).why.code, Code::Invalid);
}

TEST_F(Round, ARoundOfNobodyIsInvalid) {
  (void)at(Begin{{epoch, {}, 100ms, 10ms, {}}, start});
  EXPECT_TRUE(persists<Failure>(at(Recorded{start})));
}

// "When the coordinator has received an acknowledgment from all processes, it multicasts a checkpoint-done message to
// allow the (blocked) processes to continue."
TEST_F(Round, CommitsAtTheLastAcknowledgementAndSaysDoneOnlyWhenTheCommitIsDurable) {
  (void)requested();
  EXPECT_FALSE(ack(a, 20ms).persist);
  const auto last = ack(b, 30ms);
  ASSERT_TRUE(persists<Commit>(last));
  EXPECT_EQ(std::get<Commit>(*last.persist).checkpoints.size(), 2U);
  EXPECT_TRUE(last.send.empty());
  EXPECT_EQ(sends_of<Done>(at(Recorded{start + 31ms})), 2U);
}

TEST_F(Round, TheSameAcknowledgementTwiceDoesNotCountForTheOther) {
  (void)requested();
  (void)ack(a, 20ms);
  EXPECT_FALSE(ack(a, 21ms).persist);
  EXPECT_TRUE(is<Requesting>());
}

TEST_F(Round, AnAcknowledgementOfAnotherEpochChangesNothing) {
  (void)requested();
  (void)ack(a, 20ms);
  EXPECT_FALSE(ack(b, 30ms, Epoch{6}).persist);
  EXPECT_FALSE(ack(b, 30ms, Epoch{8}).persist);
  EXPECT_TRUE(is<Requesting>());
}

TEST_F(Round, AStrangersAnswersChangeNothing) {
  (void)requested();
  (void)ack(a, 20ms);
  EXPECT_FALSE(ack(stranger, 30ms).persist);
  EXPECT_FALSE(refusal(stranger, Code::Internal).persist);
  EXPECT_FALSE(at(MemberGone{stranger, start}).persist);
  EXPECT_TRUE(is<Requesting>());
}

// A gate opens by itself at its deadline: from then on its pod may send what no cut may contain.
TEST_F(Round, AnAcknowledgementThatMayHaveComeAfterAGateOpenedAbortsTheRound) {
  (void)requested();
  (void)ack(a, 20ms);
  const auto late = ack(b, 90ms);
  EXPECT_TRUE(persists<Failure>(late));
  EXPECT_EQ(sends_of<Abort>(late), 2U);
}

TEST_F(Round, AnAcknowledgementJustInTimeCounts) {
  (void)requested();
  (void)ack(a, 20ms);
  EXPECT_TRUE(persists<Commit>(ack(b, 89ms)));
}

TEST_F(Round, TimeRunsFromTheFirstRequestAndNotFromTheReservation) {
  (void)at(Begin{plan, start});
  (void)at(Recorded{start + 500ms});
  (void)ack(a, 580ms);
  EXPECT_TRUE(persists<Commit>(ack(b, 589ms)));
}

TEST_F(Round, WakesAndAbortsWhenNotAllHaveAcknowledgedInTime) {
  const auto out = requested();
  EXPECT_EQ(out.wake, start + 90ms);
  EXPECT_EQ(ack(a, 1ms).wake, start + 90ms);
  EXPECT_FALSE(at(Tick{start + 89ms}).persist);
  const auto late = at(Tick{start + 90ms});
  ASSERT_TRUE(persists<Failure>(late));
  EXPECT_EQ(std::get<Failure>(*late.persist).why.code, Code::Timeout);
  EXPECT_NE(std::get<Failure>(*late.persist).why.message.find("pod b"), std::string::npos);
  EXPECT_EQ(sends_of<Abort>(late), 2U);
}

TEST_F(Round, ARefusalAbortsAllAtOnceAlsoWhenItIsOnlyBusy) {
  for (const auto code : {Code::Busy, Code::Internal}) {
    state = Idle{};
    (void)requested();
    (void)ack(a, 4ms);
    const auto out = refusal(b, code);
    EXPECT_TRUE(persists<Failure>(out));
    EXPECT_EQ(std::get<Failure>(*out.persist).why.code, code);
    EXPECT_EQ(sends_of<Abort>(out), 2U);
  }
}

TEST_F(Round, ARefusalOfAnOlderEpochChangesNothing) {
  (void)requested();
  EXPECT_FALSE(refusal(b, Code::Internal, Epoch{6}).persist);
  EXPECT_TRUE(is<Requesting>());
}

TEST_F(Round, AMemberThatLeavesAbortsTheOthers) {
  (void)requested();
  const auto out = at(MemberGone{b, start + 5ms});
  EXPECT_TRUE(persists<Failure>(out));
  ASSERT_EQ(out.send.size(), 1U);
  EXPECT_EQ(out.send[0].to, a);
}

TEST_F(Round, AFailedProofOrAFencedCommitAborts) {
  (void)requested();
  (void)ack(a, 20ms);
  (void)ack(b, 30ms);
  const auto out = at(RecordFailed{"an orphan of 3 bytes", start + 31ms});
  ASSERT_TRUE(persists<Failure>(out));
  EXPECT_EQ(std::get<Failure>(*out.persist).why.message, "an orphan of 3 bytes");
  EXPECT_EQ(sends_of<Abort>(out), 2U);
}

TEST_F(Round, ACommitThatIsOnItsWayIsNotAbortedByTime) {
  (void)requested();
  (void)ack(a, 20ms);
  (void)ack(b, 30ms);
  const auto out = at(Tick{start + 1h});
  EXPECT_FALSE(out.persist);
  EXPECT_TRUE(out.send.empty());
  EXPECT_TRUE(is<Committing>());
}

TEST_F(Round, DoneIsSaidAgainForAsLongAsAMemberDoesNotAnswer) {
  EXPECT_EQ(committed().wake, start + 240ms);
  (void)opened(a);
  auto now = start + 240ms;
  for (int i = 0; i < 1000; ++i, now += kResendEvery) {
    const auto out = at(Tick{now});
    ASSERT_EQ(sends_of<Done>(out), 1U);
    ASSERT_EQ(out.send[0].to, b);
    ASSERT_EQ(out.wake, now + kResendEvery);
  }
  EXPECT_TRUE(at(Tick{now - 1ms}).send.empty());
  (void)opened(b);
  EXPECT_TRUE(ended(true));
}

TEST_F(Round, OnlyAnOpenedGateOrAPodThatIsGoneCountsAsReleased) {
  (void)committed();
  (void)refusal(a, Code::Invalid);
  (void)opened(a, Epoch{6});
  (void)ack(a, 50ms);
  (void)opened(b);
  EXPECT_TRUE(is<Releasing>());
  (void)at(MemberGone{a, start + 80ms});
  EXPECT_TRUE(ended(true));
}

TEST_F(Round, AMemberThatLeavesDuringTheCommitIsNotWaitedFor) {
  (void)requested();
  (void)ack(a, 20ms);
  (void)ack(b, 30ms);
  (void)at(MemberGone{b, start + 31ms});
  EXPECT_EQ(sends_of<Done>(at(Recorded{start + 40ms})), 1U);
  (void)opened(a);
  EXPECT_TRUE(ended(true));
}

TEST_F(Round, AnAbortIsSaidAgainOnlySoOftenBecauseGatesOpenByThemselves) {
  (void)requested();
  auto out = refusal(b, Code::Internal);
  (void)opened(b);
  int sent = 0;
  while (out.wake && sent < 1000) {
    out = at(Tick{*out.wake});
    sent += static_cast<int>(out.send.size());
  }
  EXPECT_EQ(sent, kAbortResends);
  EXPECT_TRUE(ended(false));
}

TEST_F(Round, AnAbortedRoundEndsWhenAllGatesAreOpen) {
  (void)requested();
  (void)refusal(b, Code::Internal);
  (void)opened(a);
  EXPECT_TRUE(is<Aborting>());
  (void)opened(b);
  EXPECT_TRUE(ended(false));
}

TEST_F(Round, ASuccessorReleasesWhatItsPredecessorHadCommitted) {
  EXPECT_EQ(sends_of<Done>(at(Recover{plan, true, start})), 2U);
  EXPECT_TRUE(is<Releasing>());
}

// The dead coordinator's commit may be on the way to the API server: an abort that left now would throw away a
// committed cut.
TEST_F(Round, ASuccessorAbortsWhatWasNotCommittedOnlyWhenThatIsDurable) {
  const auto out = at(Recover{plan, false, start});
  EXPECT_TRUE(persists<Failure>(out));
  EXPECT_TRUE(out.send.empty());
  EXPECT_TRUE(at(Tick{start + 10s}).send.empty());
  EXPECT_EQ(sends_of<Abort>(at(Recorded{start + 11s})), 2U);
}

TEST_F(Round, ASuccessorThatIsTooLateToAbortSaysNothing) {
  (void)at(Recover{plan, false, start});
  EXPECT_TRUE(at(RecordFailed{"committed", start}).send.empty());
  EXPECT_TRUE(ended(false));
}

TEST_F(Round, EventsThatDoNotBelongToTheStateChangeNothing) {
  EXPECT_FALSE(at(Recorded{start}).persist);
  EXPECT_FALSE(ack(a, 1ms).persist);
  EXPECT_TRUE(is<Idle>());
  (void)committed();
  (void)opened(a);
  (void)opened(b);
  const auto out = at(Begin{plan, start});
  EXPECT_FALSE(out.persist || out.wake);
  EXPECT_TRUE(ended(true));
}

}  // namespace
}  // namespace cutline::protocol::round
