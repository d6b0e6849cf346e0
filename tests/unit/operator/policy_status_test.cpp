#include <gmock/gmock.h>

#include "operator/api/conditions.hpp"
#include "operator/policy/status.hpp"
#include "tests/unit/operator/samples.hpp"

namespace cutline::op::policy {
namespace {

using samples::condition;
using samples::kNow;
using testing::HasSubstr;

Json status_of(const std::vector<Pod>& pods, const std::vector<Json>& snapshots, Json policy = samples::policy()) {
  write_status(policy, pods, snapshots, kNow);
  return policy;
}

TEST(APolicysStatus, SaysHowManyPodsCouldBeSavedNow) {
  const auto policy = status_of(samples::ledgers(3), {});
  EXPECT_EQ(policy["status"]["members"], 3);
  EXPECT_TRUE(is_true(policy, "Ready"));
  EXPECT_EQ(condition(policy, "Ready", "message"), "3 pods can be saved");
}

TEST(APolicysStatus, SaysWhyNoSnapshotCouldBeTakenNow) {
  auto pods = samples::ledgers(3);
  pods[1].sidecar_ready = false;
  const auto policy = status_of(pods, {});
  EXPECT_FALSE(is_true(policy, "Ready"));
  EXPECT_EQ(policy["status"]["members"], 0);
  EXPECT_EQ(condition(policy, "Ready", "reason"), "Unavailable");
  EXPECT_THAT(condition(policy, "Ready", "message"), HasSubstr("ledger-1"));
}

TEST(APolicysStatus, NamesTheLastSnapshotAndTheLineToGoBackTo) {
  auto failed = samples::snapshot("third");
  failed["status"]["epoch"] = 9;
  auto other = samples::committed("other", 20);
  other["spec"]["policyRef"]["name"] = "web";
  const auto policy =
      status_of(samples::ledgers(2), {samples::committed("second", 8), samples::committed("first", 7), failed, other});
  EXPECT_EQ(policy["status"]["lastSnapshot"], "third");
  EXPECT_EQ(policy["status"]["recoveryLine"], "second");
  EXPECT_EQ(policy["status"]["line"][0],
            Json({{"pod", "ledger-0"}, {"uid", "ledger-0-uid"}, {"checkpoint", 3}, {"snapshot", "second"}}));
}

TEST(APolicysStatus, NamesWhatThisVersionDoesNotCarryOut) {
  auto spec = samples::policy();
  spec["spec"]["hooks"]["afterThaw"] = Json::array();
  spec["spec"]["protocol"] = "Independent";
  const auto policy = status_of(samples::ledgers(2), {}, spec);
  EXPECT_TRUE(is_true(policy, "NotImplemented"));
  EXPECT_EQ(condition(policy, "NotImplemented", "message"),
            "this version does not carry out spec.hooks.afterThaw with protocol Independent yet");
}

TEST(APolicysStatus, DropsThatWhenTheFieldIsGone) {
  auto spec = samples::policy();
  spec["spec"]["hooks"]["afterThaw"] = Json::array();
  spec["spec"]["protocol"] = "Independent";
  write_status(spec, samples::ledgers(2), {}, kNow);
  spec["spec"].erase("hooks");
  write_status(spec, samples::ledgers(2), {}, kNow);
  EXPECT_EQ(condition(spec, "NotImplemented", "status"), "False");
}

TEST(APolicysStatus, DoesNotMentionWhatWasNeverAskedFor) {
  EXPECT_EQ(find_condition(status_of(samples::ledgers(2), {}), "NotImplemented"), nullptr);
}

}  // namespace
}  // namespace cutline::op::policy
