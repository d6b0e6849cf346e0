#include "protocol/rollback.hpp"

#include <gtest/gtest.h>

#include "sends.hpp"

namespace cutline::protocol::rollback {
namespace {

using namespace std::chrono_literals;
const Instant start{1h};
const PodUid a{"a"}, b{"b"};
const Epoch epoch{9}, line{7};
const Plan plan{epoch, {{a, {line, "sha256:a"}}, {b, {line, "sha256:b"}}}, 100ms, 90ms, 1s, 3};

struct Rollback : testing::Test {
  State state;
  Output at(const Event& event) { return step(state, event); }
  Output answer(const PodUid& from, const Reply& reply, Millis when = 5ms) {
    return at(Answered{from, reply, start + when});
  }
  Output refusal(const PodUid& from) { return answer(from, Refused{epoch, {Code::Internal, "no"}}); }
  Output prepared(const PodUid& from) { return answer(from, Prepared{epoch}); }
  Output stopped(const PodUid& from, std::vector<Shift> shifts = {}) {
    return answer(from, Stopped{epoch, std::move(shifts)});
  }
  Output restored(const PodUid& from) { return answer(from, Restored{epoch, {}}); }
  Output opened(const PodUid& from) { return answer(from, Opened{epoch, 0us}); }
  Output preparing() {
    (void)at(Begin{plan, start});
    return at(Recorded{start});
  }
  void deciding() {
    (void)preparing();
    (void)prepared(a);
    (void)prepared(b);
  }
  Output stopping() {
    deciding();
    return at(Recorded{start + 10ms});
  }
  Output restoring() {
    (void)stopping();
    (void)stopped(a);
    return stopped(b);
  }
  Output releasing() {
    (void)restoring();
    (void)restored(a);
    (void)restored(b);
    return at(Recorded{start + 20ms});
  }
  bool ended(Outcome outcome) const {
    const auto* end = std::get_if<Ended>(&state);
    return end != nullptr && end->outcome == outcome;
  }
  static bool held(const Output& out) { return persists<Failure>(out) && std::get<Failure>(*out.persist).held; }
  static bool untouched(const Output& out) { return persists<Failure>(out) && !std::get<Failure>(*out.persist).held; }
};

TEST_F(Rollback, PreparesLeaveOnlyAfterTheEpochIsDurableAndNameEachPodsOwnCheckpoint) {
  EXPECT_TRUE(at(Begin{plan, start}).send.empty());
  const auto out = at(Recorded{start});
  ASSERT_EQ(sends_of<Prepare>(out), 2U);
  const auto& prepare = std::get<Prepare>(out.send[1].command);
  EXPECT_EQ(prepare.checkpoint, line);
  EXPECT_EQ(prepare.digest, "sha256:b");
  EXPECT_EQ(out.wake, start + 90ms);
}

TEST_F(Rollback, NothingIsTouchedBeforeAllArePreparedAndThatIsDurable) {
  (void)preparing();
  EXPECT_FALSE(prepared(a).persist);
  const auto out = prepared(b);
  EXPECT_TRUE(persists<Irrevocable>(out));
  EXPECT_TRUE(out.send.empty());
  EXPECT_EQ(sends_of<Stop>(at(Recorded{start + 10ms})), 2U);
}

// Some pods stay as they are, by a line that was computed behind the gates.
TEST_F(Rollback, ThatLeavesPodsAloneTouchesNothingOnceGatesMayHaveOpened) {
  auto partial = plan;
  partial.margin = 10ms;
  const auto decided = [&](Millis when) {
    state = {};
    (void)at(Begin{partial, start});
    (void)at(Recorded{start});
    (void)prepared(a);
    (void)prepared(b);
    return at(Recorded{start + when});
  };
  EXPECT_EQ(sends_of<Stop>(decided(89ms)), 2U);
  const auto late = decided(90ms);
  EXPECT_TRUE(untouched(late));
  EXPECT_TRUE(late.send.empty()) << "before the failure is on record a successor would go forward";
  EXPECT_EQ(sends_of<Abort>(at(Recorded{start + 95ms})), 2U);
}

TEST_F(Rollback, OfAllPodsGoesForwardThroughGatesThatHaveOpened) {
  deciding();
  EXPECT_EQ(sends_of<Stop>(at(Recorded{start + 5s})), 2U);
}

TEST_F(Rollback, NothingIsRestoredBeforeAllAreStopped) {
  (void)stopping();
  EXPECT_TRUE(stopped(a).send.empty());
  EXPECT_TRUE(stopped(a).send.empty()) << "said twice";
  EXPECT_EQ(sends_of<Restore>(stopped(b)), 2U);
}

TEST_F(Rollback, OneRefusalBeforeAnythingIsTouchedAbortsAll) {
  (void)preparing();
  (void)prepared(a);
  const auto out = refusal(b);
  EXPECT_TRUE(untouched(out));
  EXPECT_EQ(sends_of<Abort>(out), 2U);
  (void)opened(a);
  (void)opened(b);
  EXPECT_TRUE(ended(Outcome::Untouched));
}

TEST_F(Rollback, SilenceBeforeAnythingIsTouchedAbortsAll) {
  (void)preparing();
  (void)prepared(a);
  EXPECT_FALSE(at(Tick{start + 89ms}).persist);
  const auto out = at(Tick{start + 90ms});
  EXPECT_TRUE(untouched(out));
  EXPECT_EQ(sends_of<Abort>(out), 2U);
}

TEST_F(Rollback, APreparedThatComesTooLateDoesNotCount) {
  (void)preparing();
  (void)prepared(a);
  EXPECT_TRUE(untouched(answer(b, Prepared{epoch}, 90ms)));
}

TEST_F(Rollback, AMemberThatLeavesWhileTheDecisionIsWrittenLeavesAllUntouched) {
  deciding();
  (void)at(MemberGone{b, start});
  const auto out = at(Recorded{start + 10ms});
  EXPECT_TRUE(untouched(out));
  EXPECT_TRUE(out.send.empty()) << "the record says irrevocable until the failure is durable";
  EXPECT_EQ(sends_of<Abort>(at(Recorded{start + 11ms})), 1U);
}

TEST_F(Rollback, ADecisionThatCannotBeRecordedAborts) {
  deciding();
  EXPECT_EQ(sends_of<Abort>(at(RecordFailed{"fenced", start})), 2U);
}

TEST_F(Rollback, NobodyIsReleasedBeforeAllAreRestoredAndThatIsDurable) {
  (void)restoring();
  EXPECT_TRUE(restored(a).send.empty());
  const auto out = restored(b);
  ASSERT_TRUE(persists<Commit>(out));
  EXPECT_EQ(std::get<Commit>(*out.persist).timings.size(), 2U);
  EXPECT_TRUE(out.send.empty());
  EXPECT_EQ(sends_of<Release>(at(Recorded{start + 20ms})), 2U);
}

TEST_F(Rollback, AMemberThatCannotBeRestoredIsTriedAgainThenAllIsHeld) {
  (void)restoring();
  (void)restored(a);
  for (int attempt = 1; attempt < plan.attempts; ++attempt) {
    const auto out = refusal(b);
    ASSERT_EQ(sends_of<Restore>(out), 1U);
    EXPECT_EQ(out.send[0].to, b);
  }
  const auto out = refusal(b);
  EXPECT_TRUE(held(out));
  EXPECT_TRUE(out.send.empty()) << "none is released";
  EXPECT_TRUE(ended(Outcome::Held));
}

TEST_F(Rollback, AMemberThatIsSilentIsTriedAgainThenAllIsHeld) {
  auto wake = restoring().wake;
  (void)restored(a);
  for (int attempt = 1; attempt < plan.attempts; ++attempt) {
    const auto out = at(Tick{*wake});
    EXPECT_EQ(sends_of<Restore>(out), 1U);
    EXPECT_EQ(out.wake, *wake + plan.restore_budget);
    wake = out.wake;
  }
  EXPECT_TRUE(held(at(Tick{*wake})));
}

TEST_F(Rollback, ALateRefusalOfAMemberThatIsRestoredChangesNothing) {
  (void)restoring();
  (void)restored(a);
  EXPECT_TRUE(refusal(a).send.empty());
}

TEST_F(Rollback, AMemberThatLeavesDuringTheRestoreHoldsAll) {
  (void)restoring();
  (void)restored(a);
  const auto out = at(MemberGone{a, start});
  EXPECT_TRUE(held(out));
  EXPECT_TRUE(out.send.empty());
}

TEST_F(Rollback, ACommitThatCannotBeRecordedHoldsAll) {
  (void)restoring();
  (void)restored(a);
  (void)restored(b);
  const auto out = at(RecordFailed{"fenced", start});
  EXPECT_TRUE(held(out));
  EXPECT_TRUE(out.send.empty());
}

TEST_F(Rollback, ReleaseIsSaidAgainUntilEachGateIsOpen) {
  EXPECT_EQ(releasing().wake, start + 220ms);
  (void)opened(a);
  const auto out = at(Tick{start + 220ms});
  ASSERT_EQ(sends_of<Release>(out), 1U);
  EXPECT_EQ(out.send[0].to, b);
  (void)opened(b);
  EXPECT_TRUE(ended(Outcome::Released));
}

TEST_F(Rollback, AnswersOfAnotherEpochChangeNothing) {
  (void)preparing();
  (void)prepared(a);
  EXPECT_FALSE(answer(b, Prepared{Epoch{8}}).persist);
  EXPECT_FALSE(answer(b, Refused{Epoch{8}, {}}).persist);
  (void)prepared(b);
  (void)at(Recorded{start});
  (void)restored(a);
  EXPECT_FALSE(answer(b, Restored{Epoch{8}, {}}).persist);
}

TEST_F(Rollback, ASuccessorAbortsWhatWasOnlyReservedWhenThatIsDurable) {
  const auto out = at(Recover{plan, Phase::Reserved, start});
  EXPECT_TRUE(untouched(out));
  EXPECT_TRUE(out.send.empty());
  EXPECT_EQ(sends_of<Abort>(at(Recorded{start})), 2U);
}

TEST_F(Rollback, TellsBothEndsOfAConnectionHowFarItMoves) {
  const Connection there{{"10.0.0.1", 40001}, {"10.0.0.2", 80}}, back{there.remote, there.local};
  (void)stopping();
  (void)stopped(a, {{there, 0, 5}});
  const auto out = stopped(b, {{back, 0, 7}});
  ASSERT_EQ(sends_of<Restore>(out), 2U);
  EXPECT_EQ(std::get<Restore>(out.send[0].command).shifts, (std::vector<Shift>{{there, 7, 5}}));
  EXPECT_EQ(std::get<Restore>(out.send[1].command).shifts, (std::vector<Shift>{{back, 5, 7}}));
  const auto again = refusal(a);
  ASSERT_EQ(sends_of<Restore>(again), 1U);
  EXPECT_EQ(std::get<Restore>(again.send[0].command).shifts, (std::vector<Shift>{{there, 7, 5}}));
}

TEST_F(Rollback, AMemberThatDoesNotStopIsAskedAgainThenTheRoundIsHeld) {
  (void)stopping();
  (void)stopped(a);
  auto out = refusal(b);
  EXPECT_EQ(sends_of<Stop>(out), 1U);
  out = at(Tick{*out.wake});
  EXPECT_EQ(sends_of<Stop>(out), 1U) << "only the one that is missing";
  EXPECT_TRUE(held(refusal(b)));
  EXPECT_TRUE(ended(Outcome::Held));
}

TEST_F(Rollback, AMemberThatLeavesWhenOthersMayBeStoppedHoldsTheRound) {
  (void)stopping();
  EXPECT_TRUE(held(at(MemberGone{b, start})));
}

TEST_F(Rollback, ASuccessorGoesOnlyForwardFromWhatIsIrrevocable) {
  EXPECT_EQ(sends_of<Stop>(at(Recover{plan, Phase::Restoring, start})), 2U)
      << "who is stopped, or beyond that, says it again";
  (void)stopped(a);
  EXPECT_EQ(sends_of<Restore>(stopped(b)), 2U);
  (void)restored(a);
  EXPECT_TRUE(persists<Commit>(restored(b)));
}

TEST_F(Rollback, ASuccessorReleasesWhatWasRestored) {
  EXPECT_EQ(sends_of<Release>(at(Recover{plan, Phase::Released, start})), 2U);
}

TEST_F(Rollback, AnAbortIsSaidAgainOnlySoOften) {
  (void)preparing();
  auto out = refusal(b);
  int sent = 0;
  while (out.wake && sent < 1000) {
    out = at(Tick{*out.wake});
    sent += static_cast<int>(out.send.size());
  }
  EXPECT_EQ(sent, 2 * kAbortResends);
  EXPECT_TRUE(ended(Outcome::Untouched));
}

TEST_F(Rollback, OfNobodyIsInvalid) {
  (void)at(Begin{{epoch, {}, 100ms, 90ms, 1s, 3}, start});
  EXPECT_TRUE(untouched(at(Recorded{start})));
}

// b stands in for one that is gone: it has another address, and a had been led to it by a Service.
TEST_F(Rollback, TellsEveryMemberWhereThoseAreThatStandInForOthers) {
  auto with_new = plan;
  with_new.members.at(b).of = PodUid{"gone"};
  with_new.members.at(b).addresses = {{"10.0.0.2", "10.0.0.9"}};
  (void)at(Begin{with_new, start});
  (void)at(Recorded{start});
  (void)prepared(a);
  (void)prepared(b);
  (void)at(Recorded{start + 10ms});
  (void)stopped(a, {{{{"10.0.0.1", 40001}, {"10.96.0.9", 8080}}, 0, 0, {}}});
  const auto out = stopped(b, {{{{"10.0.0.2", 80}, {"10.0.0.1", 40001}}, 0, 0, {}}});
  ASSERT_EQ(sends_of<Restore>(out), 2U);
  for (const auto& send : out.send)
    EXPECT_EQ(std::get<Restore>(send.command).addresses, (std::vector<Readdress>{{"10.0.0.2", "10.0.0.9"}}));
  EXPECT_EQ(std::get<Restore>(out.send[0].command).shifts.front().remote, (Endpoint{"10.0.0.9", 80}));
  EXPECT_EQ(std::get<Restore>(out.send[1].command).shifts.front().remote, Endpoint{});
}

// a stays, with a checkpoint of before b had moved for the first time; b's is of after that, and b is gone now.
TEST_F(Rollback, TranslatesForEachMemberFromTheNamesThatItsOwnCheckpointHas) {
  auto mixed = plan;
  mixed.members.at(a).names = Readdressing{{{"10.0.0.2", "10.0.0.7"}}};
  mixed.members.at(b).of = PodUid{"gone"};
  mixed.members.at(b).addresses = {{"10.0.0.7", "10.0.0.9"}};
  (void)at(Begin{mixed, start});
  (void)at(Recorded{start});
  (void)prepared(a);
  (void)prepared(b);
  (void)at(Recorded{start + 10ms});
  const Connection there{{"10.0.0.1", 40001}, {"10.0.0.2", 80}}, back{{"10.0.0.7", 80}, {"10.0.0.1", 40001}};
  (void)stopped(a, {{there, 0, 5}});
  const auto out = stopped(b, {{back, 0, 7}});
  ASSERT_EQ(sends_of<Restore>(out), 2U);
  EXPECT_EQ(std::get<Restore>(out.send[0].command).addresses, (std::vector<Readdress>{{"10.0.0.2", "10.0.0.9"}}));
  EXPECT_EQ(std::get<Restore>(out.send[1].command).addresses, (std::vector<Readdress>{{"10.0.0.7", "10.0.0.9"}}));
  EXPECT_EQ(std::get<Restore>(out.send[0].command).shifts, (std::vector<Shift>{{there, 7, 5}}));
}

}  // namespace
}  // namespace cutline::protocol::rollback
