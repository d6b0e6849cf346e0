// Rollbacks whose line is computed from the pods' own histories.
#include <gmock/gmock.h>

#include "operator/api/conditions.hpp"
#include "operator/rollback/plan.hpp"
#include "tests/unit/operator/samples.hpp"

namespace cutline::op::rollback {
namespace {

using namespace std::chrono_literals;
using samples::decided;
using testing::HasSubstr;

const protocol::Endpoint kClient{"10.0.0.1", 40000}, kServer{"10.0.0.2", 7400};

// Checkpoint `index` of ledger-0, which had sent so much to ledger-1, or of ledger-1, which had received so much.
protocol::LocalCheckpoint saved(std::uint64_t index, protocol::Counters counters) {
  protocol::LocalCheckpoint out;
  out.index = CheckpointIndex{index};
  out.parent = CheckpointIndex{index - 1};
  out.epoch = protocol::own_checkpoint(out.index);
  out.digest = fmt::format("sha256:{}", index);
  out.counters = {std::move(counters)};
  return out;
}
protocol::Counters sender(std::uint64_t sent, std::uint64_t acked) { return {kClient, kServer, acked, sent, 0}; }
protocol::Counters receiver(std::uint64_t received) { return {kServer, kClient, 0, 0, received}; }

// ledger-0 has sent 100 bytes at its checkpoint 1, ledger-1 has received `received` at its own. Both live, with 200
// bytes exchanged.
Observed independent(std::uint64_t received, Json spec) {
  auto policy = samples::policy();
  policy["spec"]["protocol"] = "Independent";
  policy["spec"]["independent"] = {{"interval", "30s"}, {"lost", "Allow"}};
  auto pods = samples::ledgers(2);
  Workload workload{{{pods[0], {}, {{saved(1, sender(100, 100))}, saved(2, sender(200, 200))}, {}},
                     {pods[1], {}, {{saved(1, receiver(received))}, saved(2, receiver(200))}, {}}}};
  return {samples::rollback(std::move(spec)), {}, std::move(pods), 0s, std::move(policy), {}, std::move(workload), {}};
}

Json to_latest(std::vector<std::string> failed = {}) {
  Json out = {{"policyRef", {{"name", "ledger"}}}, {"to", {{"latest", true}}}};
  if (!failed.empty()) out["pods"] = failed;
  return out;
}

TEST(ARollbackOfIndependentPods, TakesTheFailedOneBackAndThoseThatHadReceivedWhatItHasThenNotSent) {
  const auto line = decided<Begin>(independent(100, to_latest({"ledger-0"}))).line;
  ASSERT_EQ(line.entries.size(), 2U);
  EXPECT_EQ(line.entries[0].to, "checkpoint 1");
  EXPECT_EQ(line.entries[1].to, "checkpoint 1");
  EXPECT_THAT(line.entries[1].because, HasSubstr("ledger-0"));
  EXPECT_EQ(line.domino_depth, 0U);
}

TEST(ARollbackOfIndependentPods, LeavesThoseAloneThatNeedNotMove) {
  const auto line = decided<Begin>(independent(100, to_latest({"ledger-1"}))).line;
  ASSERT_EQ(line.entries.size(), 1U);
  EXPECT_EQ(line.entries[0].pod.name, "ledger-1");
  ASSERT_EQ(line.severed.size(), 1U);  // its connection has lost its other end
  EXPECT_EQ(line.severed[0].pod.name, "ledger-0");
  EXPECT_GT(line.lost_connections, 0U);
}

TEST(ARollbackOfIndependentPods, FindsOutWhoHasFailed) {
  auto observed = independent(100, to_latest());
  observed.workload->pods[1].failures = {{"ledger", "killed by signal 9 (Killed)"}};
  EXPECT_EQ(decided<Begin>(observed).line.entries.size(), 1U);
}

TEST(ARollbackOfIndependentPods, WithoutAFailureTakesAllToTheMostRecentLine) {
  EXPECT_EQ(decided<Begin>(independent(100, to_latest())).line.entries.size(), 2U);
}

// The domino effect: ledger-1's only checkpoint has received more than ledger-0's has sent.
TEST(ARollbackOfIndependentPods, WithoutALineIsRefusedAndSaysWhy) {
  const auto refused = decided<Refuse>(independent(150, to_latest({"ledger-0"})));
  EXPECT_EQ(refused.why.code, Code::NotFound);
  EXPECT_THAT(refused.why.message, HasSubstr("no recovery line"));
}

TEST(ARollbackOfIndependentPods, MayLeadToAPodsStartWhereThePolicyAllowsIt) {
  auto observed = independent(150, to_latest({"ledger-0"}));
  (*observed.policy)["spec"]["independent"]["allowRestart"] = true;
  const auto line = decided<Begin>(observed).line;
  ASSERT_EQ(line.entries.size(), 2U);
  EXPECT_EQ(line.entries[1].to, "start");
  EXPECT_EQ(line.entries[1].target.checkpoint, Epoch{});
}

TEST(ARollbackOfIndependentPods, WaitsForAPodThatDoesNotAnswerNow) {
  auto observed = independent(100, to_latest());
  observed.workload.reset();
  observed.unavailable = Error{Code::Unavailable, "pod ledger-1: its sidecar is not ready yet"};
  (void)decided<Later>(observed);
}

TEST(ARollbackOfACoordinatedWorkload, ThatNamesAFailedPodIsComputedFromHistories) {
  auto observed = independent(100, to_latest({"ledger-0"}));
  (*observed.policy)["spec"]["protocol"] = "Coordinated";
  EXPECT_TRUE(needs_workload(observed));
  EXPECT_EQ(decided<Begin>(observed).line.entries.size(), 2U);
}

TEST(ARollback, NamingAPodThatTheWorkloadHasNotIsRefused) {
  EXPECT_THAT(decided<Refuse>(independent(100, to_latest({"ledger-7"}))).why.message,
              HasSubstr("spec.pods names ledger-7"));
}

TEST(ALine, IsTheSameWayWhenTheSamePodsGoToTheSameStates) {
  const auto one = decided<Begin>(independent(100, to_latest({"ledger-1"}))).line;
  const auto other = decided<Begin>(independent(100, to_latest({"ledger-0"}))).line;
  EXPECT_TRUE(same_way(one, one));
  EXPECT_FALSE(same_way(one, other));
}

}  // namespace
}  // namespace cutline::op::rollback
