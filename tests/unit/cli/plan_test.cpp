#include "cli/plan.hpp"

#include <gmock/gmock.h>

#include "tests/unit/cli/samples.hpp"

namespace cutline::cli {
namespace {

using testing::HasSubstr;

TEST(ThePlan, SaysWhoGoesBackAndWhoStays) {
  const auto ns = samples::twelve();
  const auto text = plan(ns, ns.rollbacks.front(), 200);
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_THAT(*text, HasSubstr("Rollback undo: 4 pods go back, 8 are not touched."));
  EXPECT_THAT(*text, HasSubstr("w-3   present  checkpoint 5  0 checkpoints  its failure\n"));
  EXPECT_THAT(*text, HasSubstr("w-6   present  checkpoint 3  2 checkpoints  w-5 at checkpoint 4\n"));
  EXPECT_THAT(*text, HasSubstr("w-11  present  stays"));
  EXPECT_THAT(*text, HasSubstr("  1  w-3 goes back from present to checkpoint 5: its application is not alive\n"));
  EXPECT_THAT(*text, HasSubstr("1 connection to outside of the workload is closed"));
  EXPECT_THAT(*text, HasSubstr("w-7  10.0.1.7:9000  10.0.1.6:41000"));
}

TEST(ThePlanOfTheDominoEffect, TellsItsDepth) {
  const auto ns = samples::domino();
  const auto text = plan(ns, ns.rollbacks.front(), 80);
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_THAT(*text, HasSubstr("Domino depth 3"));
  EXPECT_THAT(*text, HasSubstr("p-1  present  start  3 checkpoints  p-2 at start\n"));
  EXPECT_THAT(*text, HasSubstr("Nothing is lost."));
}

TEST(WithoutALine, ThereIsNoPlanButTheOperatorsReason) {
  auto object = samples::rollback_object({});
  object["status"]["conditions"] = {
      samples::condition("Failed", true, "NotFound", "no recovery line: ledger-0 has no checkpoint")};
  const auto text = plan(samples::coordinated(), read_rollback(object), 80);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().message, "no recovery line: ledger-0 has no checkpoint");
}

TEST(AnEmptyPlan, SaysThatNobodyHasToMove) {
  const auto text = plan(samples::coordinated(), read_rollback(samples::rollback_object({})), 80);
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_THAT(*text, HasSubstr("nobody has to move"));
}

TEST(ADryRun, AsksForWhatTheUserAsked) {
  EXPECT_EQ((*dry_run("bank", "plan-1", {.policy = "ledger"}))["spec"],
            (Json{{"dryRun", true}, {"policyRef", {{"name", "ledger"}}}, {"to", {{"latest", true}}}}));
  EXPECT_EQ((*dry_run("bank", "plan-1", {.policy = "ledger", .snapshot = "first"}))["spec"]["to"],
            (Json{{"snapshot", "first"}}));
  EXPECT_EQ((*dry_run("bank", "plan-1", {.policy = "ledger", .before = "2026-01-02T00:00:00Z"}))["spec"]["to"],
            (Json{{"before", "2026-01-02T00:00:00Z"}}));
  EXPECT_EQ((*dry_run("bank", "plan-1", {.policy = "ledger", .pods = {"a", "b"}}))["spec"]["pods"], (Json{"a", "b"}));
  const auto wrong = dry_run("bank", "plan-1", {.policy = "ledger", .before = "yesterday"});
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, HasSubstr("2026-03-01T12:00:00Z"));
}

}  // namespace
}  // namespace cutline::cli
