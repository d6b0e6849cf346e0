#include "cli/status.hpp"

#include <gmock/gmock.h>

#include "tests/unit/cli/samples.hpp"

namespace cutline::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

Report of(const Namespace& ns) { return status(ns, ns.policies.front()); }

TEST(TheStatusOfAHealthyWorkload, IsOneGlance) {
  const auto report = of(samples::coordinated());
  EXPECT_TRUE(report.healthy);
  EXPECT_EQ(report.text,
            "ledger  (Coordinated, 3 members)\n"
            "  ready          3 pods can be saved\n"
            "  last snapshot  first, committed 5m ago, 6.0 KiB, traffic held for 88ms; 6 connections, 120 B in "
            "transit, no orphan\n"
            "  recovery line  first, 5m ago\n"
            "  recovery       Manual\n"
            "\n"
            "  POD       NODE    CHECKPOINTS  NEWEST  BYTES    LINE\n"
            "  ledger-0  node-a  1            4m ago  1.0 KiB  1 (first)\n"
            "  ledger-1  node-a  1            4m ago  1.0 KiB  1 (first)\n"
            "  ledger-2  node-a  1            4m ago  1.0 KiB  1 (first)\n");
}

TEST(TheStatus, SaysWhyNoSnapshotCanBeTaken) {
  auto ns = samples::coordinated();
  auto object = samples::policy_object();
  object["status"]["conditions"] = {
      samples::condition("Ready", false, "Unavailable", "pod ledger-1: its sidecar is not ready yet")};
  ns.policies = {read_policy(object)};
  const auto report = of(ns);
  EXPECT_FALSE(report.healthy);
  EXPECT_THAT(report.text,
              HasSubstr("! no snapshot can be taken now (Unavailable): pod ledger-1: its sidecar is not ready yet"));
}

TEST(TheStatus, ShowsARoundThatIsUnderWay) {
  auto ns = samples::coordinated();
  auto object = samples::snapshot_object("second", 8, 2);
  object["status"]["conditions"] = {samples::condition("Planned", true)};
  object["status"]["membersReady"] = "2/3";
  object["metadata"]["creationTimestamp"] = "2026-01-02T03:09:55Z";
  ns.snapshots.push_back(read_snapshot(object));
  EXPECT_THAT(of(ns).text, HasSubstr("snapshot second, 2/3 saved, for 5s"));
}

TEST(TheStatus, SaysWhatToDoAfterARollbackThatStoppedHalfWay) {
  auto ns = samples::coordinated();
  auto object = samples::rollback_object({samples::way("ledger-0", "present", 1, "why")});
  object["status"]["conditions"] = {samples::condition("Irrevocable", true),
                                    samples::condition("Failed", true, "Held", "ledger-0 could not be restored")};
  ns.rollbacks.push_back(read_rollback(object));
  const auto report = of(ns);
  EXPECT_FALSE(report.healthy);
  EXPECT_THAT(report.text, HasSubstr("undo failed 5m ago (Held): ledger-0 could not be restored"));
  EXPECT_THAT(report.text, HasSubstr("kubectl cutline plan -n bank --policy ledger"));
}

TEST(TheStatus, SaysWhenAutomaticRecoveryHasGivenUp) {
  auto ns = samples::coordinated();
  auto object = samples::policy_object();
  object["spec"]["recovery"]["mode"] = "Automatic";
  object["status"]["conditions"].push_back(
      samples::condition("Recovering", false, "LimitReached", "3 rollbacks did not help"));
  ns.policies = {read_policy(object)};
  const auto report = of(ns);
  EXPECT_FALSE(report.healthy);
  EXPECT_THAT(report.text, HasSubstr("Automatic, not recovering (LimitReached)"));
  EXPECT_THAT(report.text, HasSubstr("! automatic recovery has given up"));
}

TEST(TheStatus, SaysThatThereIsNoLine) {
  auto ns = samples::domino();
  auto object = samples::policy_object();
  object["spec"]["protocol"] = "Independent";
  object["status"] = {{"conditions",
                       {samples::condition("Ready", true),
                        samples::condition("Recoverable", false, "NoLine", "p-1 has no checkpoint that fits")}}};
  ns.policies = {read_policy(object)};
  EXPECT_THAT(of(ns).text, HasSubstr("! the workload could not be taken back now: p-1 has no checkpoint that fits"));
}

TEST(TheStatus, SaysThatPodsOfTheLineAreGone) {
  auto ns = samples::coordinated();
  ns.pods[0].uid = "another";
  EXPECT_THAT(of(ns).text, HasSubstr("! 1 pod of the recovery line is gone or replaced"));
}

TEST(TheStatusOfAFreshPolicy, AsksForTheFirstSnapshot) {
  auto ns = samples::coordinated();
  auto object = samples::policy_object();
  object["status"] = {{"conditions", {samples::condition("Ready", true)}}};
  ns.policies = {read_policy(object)};
  ns.snapshots.clear();
  ns.checkpoints.clear();
  EXPECT_THAT(of(ns).text, HasSubstr("! nothing is saved yet: make a DistributedSnapshot with policyRef ledger"));
}

TEST(DryRuns, AreNoRollbacksThatHappened) {
  auto ns = samples::coordinated();
  auto object = samples::rollback_object({samples::way("ledger-0", "present", 1, "why")});
  object["spec"]["dryRun"] = true;
  ns.rollbacks.push_back(read_rollback(object));
  EXPECT_THAT(of(ns).text, Not(HasSubstr("last rollback")));
}

}  // namespace
}  // namespace cutline::cli
