// What users read of policies and repositories, and of what this version does not carry out.
#include "tests/integration/operator/fixture.hpp"

namespace cutline::test {
namespace {

using testing::HasSubstr;

using TheStatus = OperatorTest;

TEST_F(TheStatus, OfAPolicySaysHowManyPodsCouldBeSaved) {
  (void)pod("ledger-0");
  (void)pod("ledger-1");
  (void)policy();
  ASSERT_TRUE(becomes_true(op::kPolicies, "ledger", "Ready"));
  EXPECT_EQ(read(op::kPolicies, "ledger").value()["status"]["members"], 2);
}

TEST_F(TheStatus, OfAPolicySaysWhyNoSnapshotCouldBeTaken) {
  (void)policy();
  ASSERT_TRUE(becomes(op::kPolicies, "ledger",
                      [](const Json& object) { return condition(object, "Ready", "status") == "False"; }));
  EXPECT_THAT(condition(read(op::kPolicies, "ledger").value(), "Ready", "message"),
              HasSubstr("no pod matches the selector app=ledger"));
}

TEST_F(TheStatus, OfAPolicyNamesTheLastSnapshotAndTheLine) {
  (void)pod("ledger-0");
  (void)policy();
  (void)committed("first");
  ASSERT_TRUE(becomes(op::kPolicies, "ledger",
                      [](const Json& object) { return kube::string_at(object, "/status/recoveryLine") == "first"; }));
  auto object = read(op::kPolicies, "ledger").value();
  EXPECT_EQ(object["status"]["lastSnapshot"], "first");
  EXPECT_EQ(object["status"]["line"][0]["pod"], "ledger-0");
}

TEST_F(TheStatus, OfAPolicyNamesTheFieldsThatAreNotCarriedOut) {
  const Json hook = {{"container", "ledger"}, {"command", Json::array({"true"})}};
  (void)policy({{"protocol", "Independent"},
                {"independent", {{"interval", "30s"}}},
                {"hooks", {{"afterThaw", Json::array({hook})}}}});
  ASSERT_TRUE(becomes_true(op::kPolicies, "ledger", "NotImplemented"));
  EXPECT_EQ(condition(read(op::kPolicies, "ledger").value(), "NotImplemented", "message"),
            "this version does not carry out spec.hooks.afterThaw with protocol Independent yet");
}

TEST_F(TheStatus, OfARollbackNamesAPodThatTheWorkloadHasNot) {
  (void)pod("ledger-0");
  (void)policy();
  (void)committed("first");
  rollback("back", {{"policyRef", {{"name", "ledger"}}}, {"to", {{"latest", true}}}, {"pods", {"ledger-1"}}});
  ASSERT_TRUE(becomes_true(op::kRollbacks, "back", "Failed"));
  EXPECT_THAT(condition(read(op::kRollbacks, "back").value(), "Failed", "message"),
              HasSubstr("spec.pods names ledger-1"));
}

TEST_F(TheStatus, OfRoundsIsCountedInTheMetrics) {
  (void)pod("ledger-0");
  (void)policy();
  (void)committed("first");
  EXPECT_TRUE(eventually(
      [] {
        return installation().metrics().value_or("").contains(
            R"(cutline_rounds_total{kind="snapshot",outcome="committed"})");
      },
      soon()));
}

}  // namespace
}  // namespace cutline::test
