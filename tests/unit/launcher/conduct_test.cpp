#include "launcher/conduct.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace cutline::launcher {
namespace {

using namespace std::chrono_literals;
constexpr Millis start_time = 1'000'000ms;

struct Conduct : testing::Test {
  State state = begin(*Name::of("db"), start_time);
  Millis now = start_time;

  Actions happens(const Event& event) { return step(state, event, now); }
  Actions hears(const ToLauncher& message, bool descriptor = false) { return happens(Received{message, descriptor}); }
  void run(Pid keeper = 41) {
    (void)happens(LinkUp{});
    (void)hears(Start{});
    (void)happens(Forked{keeper});
    (void)hears(Go{});
  }
  void adopt(Pid keeper = 41) {
    run();
    (void)hears(Hold{});
    (void)happens(ChildEnded{41, SIGKILL});
    (void)hears(Adopt{keeper});
  }
  template <class A>
  static std::vector<A> all(const Actions& actions) {
    std::vector<A> out;
    for (const auto& action : actions)
      if (const auto* it = std::get_if<A>(&action)) out.push_back(*it);
    return out;
  }
  template <class M>
  static bool says(const Actions& actions) {
    for (const auto& send : all<Send>(actions))
      if (std::holds_alternative<M>(send.message)) return true;
    return false;
  }
  static Hello hello(const Actions& actions) { return std::get<Hello>(all<Send>(actions).at(0).message); }
  static std::optional<int> ending(const Actions& actions) {
    const auto ends = all<End>(actions);
    return ends.empty() ? std::nullopt : std::optional{ends[0].status};
  }
};

TEST_F(Conduct, TheKeeperIsForkedAtStartAndReleasedAtGo) {
  EXPECT_EQ(hello(happens(LinkUp{})), (Hello{*Name::of("db"), 0, Phase::Starting}));
  EXPECT_EQ(all<Fork>(hears(Start{})).size(), 1U);
  EXPECT_TRUE(says<KeeperForked>(happens(Forked{41})));
  EXPECT_EQ(all<Release>(hears(Go{})).size(), 1U);
  EXPECT_EQ(phase(state), Phase::Running);
}

TEST_F(Conduct, AnOrderThatIsRepeatedIsCarriedOutOnce) {
  run();
  EXPECT_EQ(hears(Start{}).size(), 0U);
  EXPECT_EQ(hears(Go{}).size(), 0U);
}

TEST_F(Conduct, StartAfterALostConnectionNamesTheKeeperThatThereIs) {
  (void)happens(LinkUp{});
  (void)hears(Start{});
  (void)happens(Forked{41});
  (void)happens(LinkDown{});
  EXPECT_EQ(hello(happens(LinkUp{})), (Hello{*Name::of("db"), 41, Phase::Starting}));
  const auto again = hears(Start{});
  EXPECT_TRUE(all<Fork>(again).empty());
  EXPECT_TRUE(says<KeeperForked>(again));
}

TEST_F(Conduct, WithoutASidecarItGivesUpAfterItsPatienceAndNotBefore) {
  int tries = 0;
  while (true) {
    now = *next_wake(state);
    const auto actions = happens(TimeCame{});
    if (!all<GiveUp>(actions).empty()) break;
    ASSERT_FALSE(all<Connect>(actions).empty());
    ++tries;
    (void)happens(LinkDown{});
  }
  EXPECT_EQ(now - start_time, patience);
  EXPECT_GT(tries, 50);
}

TEST_F(Conduct, OnceTheApplicationRunsItNeverGivesUp) {
  run();
  (void)happens(LinkDown{});
  now += 10 * patience;
  EXPECT_EQ(all<Connect>(happens(TimeCame{})).size(), 1U);
}

TEST_F(Conduct, ItEndsAsTheKeeperEnded) {
  run();
  EXPECT_EQ(ending(happens(ChildEnded{40, 0})), std::nullopt);
  EXPECT_EQ(ending(happens(ChildEnded{41, 3 << 8})), 3 << 8);
}

TEST_F(Conduct, WhileHeldTheKeepersEndDoesNotEndTheContainer) {
  run();
  EXPECT_TRUE(says<Held>(hears(Hold{})));
  EXPECT_EQ(ending(happens(ChildEnded{41, SIGKILL})), std::nullopt);
  EXPECT_EQ(hears(Adopt{41}).size(), 1U);
  EXPECT_EQ(phase(state), Phase::Adopted);
}

TEST_F(Conduct, UnholdEndsItAsTheKeeperHadEndedMeanwhile) {
  run();
  (void)hears(Hold{});
  (void)happens(ChildEnded{41, SIGKILL});
  EXPECT_EQ(ending(hears(Unhold{})), SIGKILL);
}

TEST_F(Conduct, UnholdOfALivingKeeperGoesOnAsBefore) {
  run();
  (void)hears(Hold{});
  EXPECT_EQ(hears(Unhold{}).size(), 0U);
  EXPECT_EQ(phase(state), Phase::Running);
  EXPECT_EQ(ending(happens(ChildEnded{41, 0})), 0);
}

TEST_F(Conduct, ASignalThatComesWhileHeldReachesTheRestoredKeeper) {
  run();
  (void)hears(Hold{});
  EXPECT_EQ(happens(SignalCame{SIGTERM}).size(), 0U);
  const auto signals = all<Signal>(hears(Adopt{99}));
  ASSERT_EQ(signals.size(), 1U);
  EXPECT_EQ(signals[0].pid, 99);
  EXPECT_EQ(signals[0].number, SIGTERM);
}

TEST_F(Conduct, ASignalWhenNothingRunsEndsItButOneThatIsHarmlessDoesNot) {
  EXPECT_EQ(ending(happens(SignalCame{SIGWINCH})), std::nullopt);
  EXPECT_EQ(ending(happens(SignalCame{SIGTERM})), SIGTERM);
}

TEST_F(Conduct, AContainerThatCameBackMayBeginWithARestoredTree) {
  (void)happens(LinkUp{});
  (void)hears(Hold{});
  EXPECT_EQ(all<Watch>(hears(Adopt{77})).size(), 1U);
  EXPECT_EQ(all<Signal>(happens(SignalCame{SIGTERM})).at(0).pid, 77);
}

TEST_F(Conduct, ARunningTreeIsNotExchangedWithoutAHold) {
  run();
  EXPECT_EQ(hears(Adopt{77}).size(), 0U);
  EXPECT_EQ(phase(state), Phase::Running);
}

TEST_F(Conduct, TheSidecarsWordOnTheRestoredKeepersEndIsTaken) {
  adopt();
  EXPECT_EQ(ending(hears(Exit{5 << 8})), 5 << 8);
}

TEST_F(Conduct, TheSidecarsWordOnOurOwnChildIsNotTaken) {
  run();
  EXPECT_EQ(ending(hears(Exit{0})), std::nullopt);
}

TEST_F(Conduct, AnAdoptedKeepersEndThatNobodyCanTellIsAFailureAfterTheInquiry) {
  adopt();
  (void)happens(LinkDown{});
  EXPECT_EQ(ending(happens(AdoptedEnded{})), std::nullopt);
  now += inquiry - 1ms;
  EXPECT_EQ(ending(happens(TimeCame{})), std::nullopt);
  now += 1ms;
  EXPECT_EQ(ending(happens(TimeCame{})), status_unknown);
}

TEST_F(Conduct, ASecondRollbackHoldsTheAdoptedKeeperToo) {
  adopt();
  (void)hears(Hold{});
  EXPECT_EQ(ending(happens(AdoptedEnded{SIGKILL})), std::nullopt);
  EXPECT_EQ(ending(hears(Exit{SIGKILL})), std::nullopt);
  (void)hears(Adopt{41});
  EXPECT_EQ(ending(happens(AdoptedEnded{4 << 8})), 4 << 8);
}

TEST_F(Conduct, TheGuardFiresWhenItsTimeHasPassed) {
  run();
  EXPECT_TRUE(says<Guarded>(hears(Guard{5000ms, *Word::of("THAWED")}, true)));
  EXPECT_EQ(*next_wake(state), now + 5000ms);
  now += 5000ms;
  const auto actions = happens(TimeCame{});
  EXPECT_EQ(all<FireGuard>(actions).size(), 1U);
  EXPECT_TRUE(says<Fired>(actions));
  EXPECT_TRUE(all<FireGuard>(happens(TimeCame{})).empty());
  EXPECT_TRUE(says<Unguarded>(hears(Unguard{})));
}

TEST_F(Conduct, TheGuardFiresWhenTheSidecarIsGone) {
  run();
  (void)hears(Guard{5000ms, *Word::of("THAWED")}, true);
  EXPECT_EQ(all<FireGuard>(happens(LinkDown{})).size(), 1U);
}

// ---- grace ----

struct ConductWithGrace : Conduct {
  static constexpr int status = 3 << 8;
  void die_in_grace() {
    run();
    (void)hears(Grace{30'000ms});
    const auto actions = happens(ChildEnded{41, status});
    EXPECT_TRUE(says<Ended>(actions));
    EXPECT_EQ(ending(actions), std::nullopt);
    EXPECT_EQ(phase(state), Phase::Ended);
  }
};

TEST_F(ConductWithGrace, WithoutGraceTheEndIsTheContainersAtOnceAndIsTold) {
  run();
  const auto actions = happens(ChildEnded{41, status});
  EXPECT_TRUE(says<Ended>(actions));
  EXPECT_EQ(ending(actions), status);
}

TEST_F(ConductWithGrace, TheContainerOutlivesTheApplicationByTheGraceAndThenEndsAsItHadEnded) {
  die_in_grace();
  EXPECT_EQ(*next_wake(state), now + 30'000ms);
  now += 30'000ms - 1ms;
  EXPECT_EQ(ending(happens(TimeCame{})), std::nullopt);
  now += 1ms;
  EXPECT_EQ(ending(happens(TimeCame{})), status);
}

TEST_F(ConductWithGrace, ARollbackWithinTheGraceIsAsIfTheApplicationLived) {
  die_in_grace();
  EXPECT_TRUE(says<Held>(hears(Hold{})));
  now += 60'000ms;
  EXPECT_EQ(ending(happens(TimeCame{})), std::nullopt);
  EXPECT_EQ(all<Watch>(hears(Adopt{41})).size(), 1U);
  EXPECT_EQ(phase(state), Phase::Adopted);
  EXPECT_EQ(ending(happens(AdoptedEnded{4 << 8})), std::nullopt);  // graced again
  EXPECT_EQ(phase(state), Phase::Ended);
}

TEST_F(ConductWithGrace, ARollbackThatIsGivenUpWithinTheGraceEndsTheContainerAsTheApplicationHadEnded) {
  die_in_grace();
  (void)hears(Hold{});
  EXPECT_EQ(ending(hears(Unhold{})), status);
}

TEST_F(ConductWithGrace, ASignalToEndWithinTheGraceEndsItAtOnce) {
  die_in_grace();
  EXPECT_EQ(ending(happens(SignalCame{SIGWINCH})), std::nullopt);
  EXPECT_EQ(ending(happens(SignalCame{SIGTERM})), status);
}

TEST_F(ConductWithGrace, AnApplicationThatWasToldToEndIsNotWaitedFor) {
  run();
  (void)hears(Grace{30'000ms});
  (void)happens(SignalCame{SIGTERM});
  EXPECT_EQ(ending(happens(ChildEnded{41, status})), status);
}

TEST_F(ConductWithGrace, AReloadIsNoWordToEnd) {
  run();
  (void)hears(Grace{30'000ms});
  (void)happens(SignalCame{SIGHUP});
  EXPECT_EQ(ending(happens(ChildEnded{41, status})), std::nullopt);
}

TEST_F(ConductWithGrace, ASidecarThatComesBackHearsOfTheEndAgain) {
  die_in_grace();
  (void)happens(LinkDown{});
  const auto actions = happens(LinkUp{});
  EXPECT_EQ(hello(actions).phase, Phase::Ended);
  EXPECT_EQ(std::get<Ended>(all<Send>(actions).at(1).message).status, status);
  now += 30'000ms;
  EXPECT_EQ(ending(happens(TimeCame{})), status);
}

TEST_F(ConductWithGrace, GraceThatIsTakenAwayEndsAContainerThatLingers) {
  die_in_grace();
  (void)hears(Grace{0ms});
  EXPECT_LE(*next_wake(state), now);
  EXPECT_EQ(ending(happens(TimeCame{})), status);
}

TEST_F(ConductWithGrace, AnAdoptedKeeperIsGracedWhoeverTellsItsEnd) {
  adopt();
  (void)hears(Grace{30'000ms});
  EXPECT_EQ(ending(hears(Exit{status})), std::nullopt);
  EXPECT_EQ(ending(happens(AdoptedEnded{status})), std::nullopt);  // the kernel says it too
  EXPECT_EQ(phase(state), Phase::Ended);
  EXPECT_EQ(hears(Adopt{41}).size(), 0U);  // it is dead
}

TEST_F(ConductWithGrace, AnEndThatNobodyCanTellIsGracedToo) {
  adopt();
  (void)hears(Grace{30'000ms});
  (void)happens(AdoptedEnded{});
  now += inquiry;
  EXPECT_EQ(ending(happens(TimeCame{})), std::nullopt);
  now += 30'000ms;
  EXPECT_EQ(ending(happens(TimeCame{})), status_unknown);
}

// ---- guard ----

// What outlives a killed sidecar may freeze the tree once more, at any time until a while after the limit.
TEST_F(Conduct, AGuardThatHasLostItsSidecarFiresAgainAndAgainUntilAWhileAfterItsTime) {
  run();
  (void)hears(Guard{5000ms, *Word::of("THAWED")}, true);
  const auto armed = now;
  now += 1000ms;
  (void)happens(LinkDown{});
  (void)happens(LinkUp{});
  bool dropped = false;
  int told = 0;
  while (const auto wake = next_wake(state)) {
    ASSERT_LE(*wake, now + guard_again);
    now = *wake;
    const auto actions = happens(TimeCame{});
    EXPECT_EQ(all<FireGuard>(actions).size(), 1U);
    dropped = !all<DropGuard>(actions).empty();
    if (says<Fired>(actions)) {
      EXPECT_EQ(now, armed + 5000ms);
      ++told;
    }
  }
  EXPECT_TRUE(dropped);
  EXPECT_EQ(told, 1);
  EXPECT_GT(now, armed + 5000ms + guard_overtime - guard_again);
}

TEST_F(Conduct, AGuardThatHasFiredGivesWayToTheNextSidecarsGuard) {
  run();
  (void)hears(Guard{5000ms, *Word::of("THAWED")}, true);
  (void)happens(LinkDown{});
  (void)happens(LinkUp{});
  EXPECT_TRUE(says<Guarded>(hears(Guard{9000ms, *Word::of("THAWED")}, true)));
  EXPECT_EQ(*next_wake(state), now + 9000ms);
}

TEST_F(Conduct, AGuardThatIsDisarmedNeverFires) {
  run();
  (void)hears(Guard{5000ms, *Word::of("THAWED")}, true);
  const auto actions = hears(Unguard{});
  EXPECT_EQ(all<DropGuard>(actions).size(), 1U);
  EXPECT_TRUE(says<Unguarded>(actions));
  now += 6000ms;
  EXPECT_TRUE(all<FireGuard>(happens(TimeCame{})).empty());
  EXPECT_TRUE(all<FireGuard>(happens(LinkDown{})).empty());
}

TEST_F(Conduct, AGuardWithoutADescriptorIsNotConfirmed) {
  run();
  const auto actions = hears(Guard{5000ms, *Word::of("THAWED")}, false);
  EXPECT_FALSE(says<Guarded>(actions));
  EXPECT_TRUE(says<Fired>(actions));
}

}  // namespace
}  // namespace cutline::launcher
