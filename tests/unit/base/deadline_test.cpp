#include "base/deadline.hpp"

#include <gtest/gtest.h>

namespace cutline {
namespace {

using namespace std::chrono_literals;

Instant now() { return std::chrono::steady_clock::now(); }

TEST(ADeadline, ThatHasPassedLeavesNothingAndNeverANegativeTime) {
  const auto past = Deadline::at(now() - 5s);
  EXPECT_TRUE(past.passed());
  EXPECT_EQ(past.left(), 0ms);
}

TEST(ADeadline, OfNoBudgetHasPassedAtOnce) { EXPECT_TRUE(Deadline::after(0ms).passed()); }

TEST(ADeadline, ThatIsFarAwayHasNotPassedAndLeavesAtMostItsBudget) {
  const auto far = Deadline::after(60s);
  EXPECT_FALSE(far.passed());
  EXPECT_LE(far.left(), 60s);
  EXPECT_GT(far.left(), 50s);
}

// Or a poll() with what is left would spin through the last millisecond.
TEST(ADeadline, RoundsUpWhatIsLeft) {
  const auto soon = Deadline::after(10s);
  const auto left = soon.left();
  EXPECT_GE(now() + left, soon.instant());
}

TEST(ADeadline, MadeSoonerIsTheEarlierOfTheTwo) {
  const auto outer = Deadline::after(1h);
  EXPECT_LT(outer.sooner(1s).instant(), outer.instant());
  EXPECT_EQ(outer.sooner(2h).instant(), outer.instant());
}

}  // namespace
}  // namespace cutline
