// LocalCheckpoint objects of pods that save themselves, and which checkpoints may go.
#include "operator/policy/checkpoints.hpp"

#include <gmock/gmock.h>

#include "tests/unit/operator/samples.hpp"

namespace cutline::op::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

protocol::LocalCheckpoint own(std::uint64_t index) {
  protocol::LocalCheckpoint out;
  out.index = CheckpointIndex{index};
  out.parent = CheckpointIndex{index - 1};
  out.epoch = protocol::own_checkpoint(out.index);
  out.digest = fmt::format("sha256:{}", index);
  return out;
}

// One pod that talks to nobody, with checkpoints 1 and 2.
Workload alone() { return {{{samples::pod("ledger-0", "10.0.0.1"), {}, {{own(1), own(2)}, own(3)}, {}}}}; }

TEST(OwnCheckpoints, EachHaveAnObjectThatGoesWithThePod) {
  const auto difference = compare("bank", alone(), {});
  ASSERT_EQ(difference.missing.size(), 2U);
  const auto& object = difference.missing[1];
  EXPECT_EQ(object["metadata"]["name"], "ledger-0-c2");
  EXPECT_EQ(object["metadata"]["ownerReferences"][0]["kind"], "Pod");
  EXPECT_EQ(object["spec"]["index"], 2);
  EXPECT_EQ(object["spec"]["epoch"], 0);
}

TEST(OwnCheckpoints, ThatAreGoneLoseTheirObjectsAndThoseOfSnapshotsDoNot) {
  auto objects = compare("bank", alone(), {}).missing;
  auto of_snapshot = objects[0];
  of_snapshot["metadata"]["name"] = "ledger-0-e7";
  of_snapshot["spec"]["snapshot"] = "first";
  objects.push_back(of_snapshot);
  auto now = alone();
  now.pods[0].history.checkpoints.erase(now.pods[0].history.checkpoints.begin());
  const auto difference = compare("bank", now, objects);
  EXPECT_THAT(difference.missing, IsEmpty());
  EXPECT_THAT(difference.superfluous, ElementsAre("ledger-0-c1"));
}

TEST(OwnCheckpoints, ThatNoLineCanNeedMayGoAndTheNewestStays) {
  const auto go = superfluous(alone(), rollback::line_of_all(alone(), {}).value());
  ASSERT_EQ(go.size(), 1U);
  EXPECT_EQ(go[0].second, protocol::own_checkpoint(CheckpointIndex{1}));
}

TEST(OwnCheckpoints, OfASnapshotAreNotTheirsToCollect) {
  auto workload = alone();
  workload.pods[0].history.checkpoints[0].epoch = Epoch{7};
  EXPECT_THAT(superfluous(workload, rollback::line_of_all(workload, {}).value()), IsEmpty());
}

}  // namespace
}  // namespace cutline::op::policy
