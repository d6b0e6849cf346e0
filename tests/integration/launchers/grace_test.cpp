// An application that dies in its grace is told of and can be put back without a restart of its container.
#include "tests/integration/launchers/hubbed.hpp"

namespace cutline::test {
namespace {

constexpr Millis kLong{600'000};

struct Grace : Hubbed {};

TEST_F(Grace, WithoutItTheApplicationsEndIsItsContainers) {
  exit_with(42);
  EXPECT_EQ(must(app.wait_for_end(soon())), 42);
  eventually([&] { return hub->failures().empty(); }, "nothing told of a container that is not there");
}

TEST_F(Grace, KeepsTheContainerOfADeadApplicationAndTellsHowItDied) {
  hub->set_grace(kLong);
  exit_with(42);
  await_failure("exited with status 42");
  EXPECT_EQ(::kill(app.launcher(), 0), 0);
  EXPECT_EQ(container().phase, launcher::Phase::Ended);
}

TEST_F(Grace, IsOverWhenItsTimeIsAndTheContainerEndsAsTheApplicationHad) {
  hub->set_grace(Millis{300});
  const auto start = std::chrono::steady_clock::now();
  exit_with(42);
  await_failure("exited with status 42");
  EXPECT_EQ(must(app.wait_for_end(soon())), 42);
  EXPECT_GE(std::chrono::steady_clock::now() - start, Millis{300});
}

TEST_F(Grace, EndsAtOnceWhenTheContainerIsToldTo) {
  hub->set_grace(kLong);
  (void)::kill(application(), SIGSEGV);
  await_failure("killed by signal 11 (Segmentation fault)");
  (void)::kill(app.launcher(), SIGTERM);
  EXPECT_EQ(must(app.wait_for_end(soon())), 128 + SIGSEGV);
}

TEST_F(Grace, IsNotGivenToAnApplicationThatWasToldToEnd) {
  hub->set_grace(kLong);
  (void)::kill(app.launcher(), SIGTERM);
  EXPECT_EQ(must(app.wait_for_end(soon())), 128 + SIGTERM);
}

TEST_F(Grace, TakenAwayEndsAContainerThatWaits) {
  hub->set_grace(kLong);
  exit_with(42);
  await_failure("exited with status 42");
  hub->set_grace(Millis{0});
  EXPECT_EQ(must(app.wait_for_end(soon())), 42);
}

TEST_F(Grace, ADeadApplicationIsPutBackInItsContainer) {
  hub->set_grace(kLong);
  const auto saved = save();
  const auto last = numbers_of(app.out().text(), "count").back();
  const auto launcher = app.launcher();
  exit_with(42);
  await_failure("exited with status 42");
  const auto before = app.out().text().size();
  roll_back(saved);
  EXPECT_LE(must(next_numbers(app, before)).front(), last);
  EXPECT_EQ(container().launcher, launcher);
  EXPECT_EQ(container().phase, launcher::Phase::Adopted);
  EXPECT_TRUE(hub->failures().empty());
}

TEST_F(Grace, IsGivenToARestoredApplicationAgainAndAgain) {
  hub->set_grace(kLong);
  const auto saved = save();
  for (int death = 0; death < 3; ++death) {
    if (death == 1) {
      (void)::kill(application(), SIGKILL);
      await_failure("killed by signal 9 (Killed)");
    } else {
      exit_with(40 + death);
      await_failure(fmt::format("exited with status {}", 40 + death));
    }
    const auto before = app.out().text().size();
    roll_back(saved);
    must(next_numbers(app, before));
  }
  hub->set_grace(Millis{0});
  exit_with(7);
  EXPECT_EQ(must(app.wait_for_end(soon())), 7);
}

TEST_F(Grace, OutlivesTheSidecarWhichHearsOfTheDeathWhenItIsBack) {
  hub->set_grace(kLong);
  hub.reset();
  exit_with(42);
  eventually([&] { return must(app.freezer().pids()).empty(); }, "the application's end");
  hub = begin_hub();
  await_failure("exited with status 42");
  hub->set_grace(Millis{0});
  EXPECT_EQ(must(app.wait_for_end(soon())), 42);
}

}  // namespace
}  // namespace cutline::test
