#include "operator/api/conditions.hpp"

#include <gtest/gtest.h>

#include "tests/unit/operator/samples.hpp"

namespace cutline::op {
namespace {

using namespace samples;

TEST(ACondition, IsAddedWithItsTimeAndTheGenerationThatItWasWrittenFor) {
  auto object = samples::policy();
  set_condition(object, {"Ready", true, "MembersReady", "3 pods can be saved"}, kNow);
  EXPECT_TRUE(is_true(object, "Ready"));
  EXPECT_EQ(condition(object, "Ready", "reason"), "MembersReady");
  EXPECT_EQ(condition(object, "Ready", "lastTransitionTime"), kNow);
  EXPECT_EQ(find_condition(object, "Ready")->at("observedGeneration"), 2);
}

TEST(ACondition, KeepsItsTimeWhileItsStatusDoes) {
  auto object = samples::policy();
  set_condition(object, {"Ready", false, "Unavailable", "pod a"}, kNow);
  set_condition(object, {"Ready", false, "NotFound", "pod b"}, kLater);
  EXPECT_EQ(condition(object, "Ready", "lastTransitionTime"), kNow);
  EXPECT_EQ(condition(object, "Ready", "message"), "pod b");
}

TEST(ACondition, MovesItsTimeWithItsStatus) {
  auto object = samples::policy();
  set_condition(object, {"Ready", false, "Unavailable", ""}, kNow);
  set_condition(object, {"Ready", true, "MembersReady", ""}, kLater);
  EXPECT_EQ(condition(object, "Ready", "lastTransitionTime"), kLater);
}

TEST(ACondition, IsThereOnceForEachType) {
  auto object = samples::policy();
  for (const bool status : {true, false, true}) {
    set_condition(object, {"Ready", status, "A", ""}, kNow);
    set_condition(object, {"Scheduled", status, "B", ""}, kNow);
  }
  EXPECT_EQ(object["status"]["conditions"].size(), 2U);
}

TEST(ACondition, ThatIsNotThereIsNotTrue) {
  EXPECT_FALSE(is_true(samples::policy(), "Ready"));
  EXPECT_FALSE(is_true(Json::object(), "Ready"));
  EXPECT_EQ(find_condition(samples::policy(), "Ready"), nullptr);
}

}  // namespace
}  // namespace cutline::op
