#include "cli/diagram/build.hpp"

#include <gmock/gmock.h>

#include "kube/timestamp.hpp"
#include "tests/unit/cli/samples.hpp"

namespace cutline::cli {
namespace {

using testing::HasSubstr;

TEST(TheDiagramOfASnapshot, HasTheCutThroughEveryMember) {
  const auto ns = samples::coordinated();
  const auto d = of_snapshot(ns, ns.snapshots.front());
  ASSERT_TRUE(d) << d.error().message;
  ASSERT_EQ(d->rows.size(), 3U);
  for (const auto& row : d->rows) {
    EXPECT_EQ(row.line, 1U);
    EXPECT_FALSE(row.undone);
  }
  EXPECT_THAT(d->subtitle, HasSubstr("no orphan"));
}

TEST(TheDiagramOfASnapshot, IsOfThePodsThatWereThere) {
  auto ns = samples::coordinated();
  ns.pods[0].uid = "another";  // of the same name
  const auto d = of_snapshot(ns, ns.snapshots.front());
  ASSERT_TRUE(d) << d.error().message;
  ASSERT_EQ(d->rows.size(), 3U);
  EXPECT_EQ(d->rows[0].pod, "ledger-0");
  EXPECT_EQ(d->rows[0].line, 1U);
}

TEST(ASnapshotThatIsNotCommitted, HasNoDiagramButAReason) {
  auto object = samples::snapshot_object("next", 8, 2);
  object["status"]["conditions"] = {samples::condition("Failed", true, "Timeout", "ledger-1 did not answer")};
  const auto ns = samples::coordinated();
  const auto d = of_snapshot(ns, read_snapshot(object));
  ASSERT_FALSE(d);
  EXPECT_THAT(d.error().message, HasSubstr("ledger-1 did not answer"));
}

TEST(TheDiagramOfAnIncrementalSnapshot, ShowsWhoBroughtWhomIn) {
  auto object = samples::snapshot_object("inc", 8, 1);
  object["status"]["members"][0]["why"] = "Initiator";
  object["status"]["members"][1].update({{"why", "SentTo"}, {"from", "ledger-0"}});
  object["status"]["members"][2].update({{"why", "ReceivedFrom"}, {"from", "ledger-1"}});
  const auto d = of_snapshot(samples::coordinated(), read_snapshot(object));
  ASSERT_TRUE(d) << d.error().message;
  ASSERT_EQ(d->arrows.size(), 2U);
  EXPECT_EQ(d->arrows[0].from, 0U);
  EXPECT_EQ(d->arrows[0].to, 1U);
  EXPECT_EQ(d->arrows[1].from, 2U);  // ledger-1 had received from ledger-2
  EXPECT_EQ(d->arrows[1].to, 1U);
}

TEST(TheDiagramOfTheDominoEffect, GoesBackToTheStartStepByStep) {
  const auto ns = samples::domino();
  const auto d = of_rollback(ns, ns.rollbacks.front());
  ASSERT_TRUE(d) << d.error().message;
  EXPECT_EQ(d->rows[0].line, 0U);
  EXPECT_EQ(d->rows[1].line, 0U);
  EXPECT_TRUE(d->rows[1].failed);
  ASSERT_EQ(d->cascade.size(), 8U);
  EXPECT_EQ(d->cascade[0].row, 1U);
  EXPECT_EQ(d->cascade[1].peer, 1U);
  EXPECT_EQ(d->cascade[1].peer_at, 3U);
  const auto causes = std::ranges::count(d->arrows, Kind::Cause, &Arrow::kind);
  EXPECT_GE(causes, 6);
  EXPECT_EQ(std::ranges::count(d->arrows, Kind::Orphan, &Arrow::kind), 0);
}

TEST(PodsThatStay, AreOnTheLineInTheirPresentState) {
  const auto ns = samples::twelve();
  const auto d = of_rollback(ns, ns.rollbacks.front());
  ASSERT_TRUE(d) << d.error().message;
  ASSERT_EQ(d->rows.size(), 12U);
  EXPECT_EQ(d->rows[0].line, d->rows[0].present());
  EXPECT_FALSE(d->rows[0].undone);
  EXPECT_EQ(d->rows[3].line, 5U);
  EXPECT_TRUE(d->rows[3].undone);
  EXPECT_EQ(d->rows[10].pod, "w-10");
}

// p-1 went back from checkpoint 3 to 1 at 03:05, and has gone on with checkpoint 4 since.
Namespace after_a_rollback() {
  auto ns = samples::domino();
  auto undo = samples::rollback_object({samples::way("p-1", "present", 1, "its application is not alive")});
  undo["status"]["conditions"].push_back(samples::condition("Restored", true));
  ns.rollbacks = {read_rollback(undo)};
  ns.checkpoints.push_back(read_checkpoint(samples::checkpoint_object("p-1", 4, "03:06:00", {})));
  return ns;
}

std::vector<std::uint64_t> indices(const Row& row) {
  std::vector<std::uint64_t> out;
  for (const auto& mark : row.marks) out.push_back(mark.index);
  return out;
}

TEST(TheDiagramOfAPolicy, LeavesOutWhatARollbackTookBack) {
  const auto ns = after_a_rollback();
  const auto d = of_policy(ns, ns.policies.front());
  ASSERT_TRUE(d) << d.error().message;
  EXPECT_THAT(indices(d->rows[0]), testing::ElementsAre(1, 4));
  EXPECT_THAT(indices(d->rows[1]), testing::ElementsAre(1, 2, 3));
}

TEST(TheDiagramOfARollback, ShowsWhatWasThereThen) {
  const auto ns = after_a_rollback();
  const auto d = of_rollback(ns, ns.rollbacks.front());
  ASSERT_TRUE(d) << d.error().message;
  EXPECT_THAT(indices(d->rows[0]), testing::ElementsAre(1, 2, 3));
  EXPECT_EQ(d->rows[0].line, 1U);
}

TEST(TheDiagramOfASnapshot, ShowsItAlsoAfterItWasTakenBack) {
  auto ns = samples::coordinated();
  for (auto& c : ns.checkpoints) c.created = *kube::parse_time("2026-01-02T03:04:30Z");
  auto undo = samples::rollback_object({samples::way("ledger-0", "present", "start", "the snapshot was named")});
  undo["status"]["conditions"].push_back(samples::condition("Restored", true));
  undo["status"]["conditions"][0]["lastTransitionTime"] = "2026-01-02T03:06:00Z";
  ns.rollbacks = {read_rollback(undo)};
  const auto d = of_snapshot(ns, ns.snapshots.front());
  ASSERT_TRUE(d) << d.error().message;
  EXPECT_EQ(d->rows[0].line, 1U);
  EXPECT_THAT(indices(d->rows[0]), testing::ElementsAre(1));
}

TEST(ARollbackWithoutAPlan, HasNoDiagramButAReason) {
  auto object = samples::rollback_object({});
  object["status"]["conditions"] = {
      samples::condition("Failed", true, "NotFound", "no recovery line: ledger-0 has no checkpoint")};
  const auto d = of_rollback(samples::coordinated(), read_rollback(object));
  ASSERT_FALSE(d);
  EXPECT_THAT(d.error().message, HasSubstr("no recovery line"));
}

TEST(TheDiagramOfAPolicyWithoutPods, SaysWhatToDo) {
  auto ns = samples::domino();
  ns.pods.clear();
  const auto d = of_policy(ns, ns.policies.front());
  ASSERT_FALSE(d);
  EXPECT_THAT(d.error().message, HasSubstr("cutline.dev/inject"));
}

}  // namespace
}  // namespace cutline::cli
