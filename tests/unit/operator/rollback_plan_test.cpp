// Each decision about a Rollback.
#include <gmock/gmock.h>

#include "operator/api/conditions.hpp"
#include "operator/rollback/plan.hpp"
#include "tests/unit/operator/samples.hpp"

namespace cutline::op::rollback {
namespace {

using namespace std::chrono_literals;
using protocol::rollback::Phase;
using samples::decided;
using testing::ElementsAre;
using testing::HasSubstr;

const Json kToFirst = {{"to", {{"snapshot", "first"}}}};
const Json kToLatest = {{"policyRef", {{"name", "ledger"}}}, {"to", {{"latest", true}}}};

Observed seen(const Json& spec) {
  return {samples::rollback(spec),
          {samples::committed("first", 7), samples::committed("second", 9)},
          samples::ledgers(2),
          0s,
          samples::policy(),
          {},
          {},
          {}};
}

// As a coordinator that died left it: of epoch 12, to "first", of one pod.
Observed in_a_round(std::initializer_list<const char*> conditions) {
  auto observed = seen(kToFirst);
  auto& status = observed.object["status"];
  status["epoch"] = 12;
  status["to"] = "first";
  status["plan"] = {{{"pod", "ledger-1"},
                     {"uid", "ledger-1-uid"},
                     {"from", "present"},
                     {"to", "first, checkpoint 3"},
                     {"epoch", 7},
                     {"digest", "sha256:old"}}};
  for (const auto* type : conditions) set_condition(observed.object, {type, true, "X", ""}, samples::kNow);
  return observed;
}

TEST(ARollbackToANamedSnapshot, TakesEachMemberBackToItsCheckpoint) {
  const auto line = decided<Begin>(seen(kToFirst)).line;
  EXPECT_EQ(line.snapshot, "first");
  ASSERT_EQ(line.entries.size(), 2U);
  EXPECT_EQ(line.entries[0].pod.name, "ledger-0");
  EXPECT_EQ(line.entries[0].target, (protocol::rollback::Target{Epoch{7}, "sha256:ledger-0-7", {}}));
  EXPECT_EQ(line.entries[0].from, "present");
  EXPECT_EQ(line.entries[0].to, "first, checkpoint 3");
  EXPECT_EQ(line.entries[0].because, "the snapshot was named");
}

// Their other ends are not taken back, so they are to be closed.
TEST(ARollback, TellsEachMemberItsConnectionsToTheOutside) {
  auto observed = seen(kToFirst);
  observed.snapshots[0]["status"]["external"] =
      Json::array({{{"pod", "ledger-1"}, {"local", "10.0.0.2:40001"}, {"remote", "192.0.2.1:5432"}},
                   {{"pod", "ledger-1"}, {"local", "[fd00::2]:40002"}, {"remote", "[2001:db8::1]:443"}}});
  const auto line = decided<Begin>(observed).line;
  const std::vector<protocol::Connection> expected{{{"10.0.0.2", 40001}, {"192.0.2.1", 5432}},
                                                   {{"fd00::2", 40002}, {"2001:db8::1", 443}}};
  EXPECT_EQ(line.entries[0].target.external.size(), 0U);
  EXPECT_EQ(line.entries[1].target.external, expected);
}

TEST(ARollbackToTheLatest, GoesToTheCommittedSnapshotOfTheHighestEpoch) {
  auto observed = seen(kToLatest);
  auto open = samples::snapshot("third");
  open["status"]["epoch"] = 11;
  observed.snapshots.push_back(open);  // not committed
  const auto line = decided<Begin>(observed).line;
  EXPECT_EQ(line.snapshot, "second");
  EXPECT_THAT(line.entries[0].because, HasSubstr("most recent distributed snapshot"));
}

TEST(ARollbackToTheLatest, PassesOverTheSnapshotsOfOtherPoliciesAndOnesBeingDeleted) {
  auto observed = seen(kToLatest);
  observed.snapshots[1]["metadata"]["deletionTimestamp"] = samples::kNow;
  auto other = samples::committed("other", 20);
  other["spec"]["policyRef"]["name"] = "web";
  observed.snapshots.push_back(other);
  EXPECT_EQ(decided<Begin>(observed).line.snapshot, "first");
}

TEST(ARollbackToTheLatest, WithoutAnySnapshotIsRefusedForThereIsNoLine) {
  auto observed = seen(kToLatest);
  observed.snapshots.clear();
  const auto refused = decided<Refuse>(observed);
  EXPECT_EQ(refused.why.code, Code::NotFound);
  EXPECT_THAT(refused.why.message, HasSubstr("no recovery line: policy ledger has no committed snapshot"));
}

TEST(ARollback, ToASnapshotThatIsNotThereOrNotCommittedIsRefused) {
  auto observed = seen({{"to", {{"snapshot", "none"}}}});
  EXPECT_EQ(decided<Refuse>(observed).why.code, Code::NotFound);
  observed = seen(kToFirst);
  observed.snapshots[0] = samples::snapshot("first");
  EXPECT_EQ(decided<Refuse>(observed).why.code, Code::Invalid);
}

TEST(ARollback, IsRefusedIfACheckpointWentWithItsPod) {
  auto observed = seen(kToFirst);
  observed.pods[0].uid = PodUid{"another"};
  const auto refused = decided<Refuse>(observed);
  EXPECT_EQ(refused.why.code, Code::Unsupported);
  EXPECT_THAT(refused.why.message,
              HasSubstr("pod ledger-0 of the snapshot is gone, and its checkpoint with it: first is in no repository"));
}

// "first" is in a repository, and ledger-0 was made anew since.
Observed with_a_new_pod(const Json& spec) {
  auto observed = seen(spec);
  auto& first = observed.snapshots[0];
  for (auto& member : first["status"]["members"]) {
    member["stored"] = member.at("pod").get<std::string>() + "-in-restic";
    member["addresses"] = {member.at("pod") == "ledger-0" ? "10.0.0.1" : "10.0.0.2"};
  }
  first["status"]["repository"] = "backups";
  set_condition(first, {"Durable", true, "InRepository", ""}, samples::kNow);
  observed.pods[0] = samples::pod("ledger-0", "10.0.0.9");
  observed.pods[0].uid = PodUid{"another"};
  return observed;
}

TEST(ARollback, ToADurableSnapshotPutsANewPodInThePlaceOfOneThatIsGone) {
  const auto line = decided<Begin>(with_a_new_pod(kToFirst)).line;
  ASSERT_EQ(line.entries.size(), 2U);
  EXPECT_TRUE(line.stands_in());
  const auto& entry = line.entries[0];
  EXPECT_EQ(entry.pod.uid, PodUid{"another"});
  EXPECT_EQ(entry.gone, "ledger-0");
  EXPECT_EQ(entry.stored, "ledger-0-in-restic");
  EXPECT_EQ(entry.target.of, PodUid{"ledger-0-uid"});
  EXPECT_EQ(entry.target.addresses, (std::vector<protocol::Readdress>{{"10.0.0.1", "10.0.0.9"}}));
  EXPECT_THAT(entry.because,
              HasSubstr("ledger-0 stands in for ledger-0 (node-a), which is gone: its checkpoint comes from backups"));
  EXPECT_EQ(line.entries[1].gone, "") << "it is the very pod";
  EXPECT_THAT(line.entries[1].target.addresses, testing::IsEmpty());
}

TEST(ARollback, IsRefusedIfTheNewPodHasNoAddressOfTheKindThatTheOldOneHad) {
  auto observed = with_a_new_pod(kToFirst);
  observed.pods[0].addresses = {"fd00::9"};
  EXPECT_THAT(decided<Refuse>(observed).why.message, HasSubstr("no address that could take the place of 10.0.0.1"));
}

TEST(ARollback, WaitsForAPodToStandInForOneThatIsGone) {
  auto observed = with_a_new_pod(kToFirst);
  observed.pods.erase(observed.pods.begin());
  EXPECT_THAT(decided<Later>(observed).why.message, HasSubstr("no pod stands in for it yet"));
  observed.age = 61s;
  EXPECT_EQ(decided<Refuse>(observed).why.code, Code::Unavailable);
}

TEST(ARollbackToTheLatest, PassesOverWhatWentWithAPod) {
  auto observed = with_a_new_pod(kToLatest);
  observed.workload.emplace();
  EXPECT_EQ(decided<Begin>(observed).line.snapshot, "first") << "the second one is in no repository";
}

TEST(ARollback, IntoNewPodsGoesOnAfterItsCoordinatorDiedAsItWasRecorded) {
  auto observed = in_a_round({"Planned", "Irrevocable"});
  observed.object["status"]["plan"][0]["uid"] = "another";
  observed.object["status"]["plan"][0]["standsInFor"] = {
      {"pod", "ledger-1"}, {"uid", "ledger-1-uid"}, {"addresses", {{{"from", "10.0.0.2"}, {"to", "10.0.0.7"}}}}};
  const auto entry = decided<Recover>(observed).line.entries.at(0);
  EXPECT_EQ(entry.target.of, PodUid{"ledger-1-uid"});
  EXPECT_EQ(entry.target.addresses, (std::vector<protocol::Readdress>{{"10.0.0.2", "10.0.0.7"}}));
}

TEST(ARollback, ToAnIncrementalSnapshotThatIsNoStateOfAllIsRefusedIfAPodIsGoneAndSaysWhyAndWhatElseThereIs) {
  auto observed = with_a_new_pod(kToFirst);
  observed.snapshots[0]["status"]["protocol"] = "Incremental";
  set_condition(observed.snapshots[0], {"RestorableAlone", false, "NeverSaved", "ledger-7 has no checkpoint"},
                samples::kNow);
  set_condition(observed.snapshots[1], {"Durable", true, "InRepository", ""}, samples::kNow);
  observed.workload.emplace();
  EXPECT_TRUE(needs_workload(observed));
  const auto why = decided<Refuse>(observed).why;
  EXPECT_EQ(why.code, Code::Unsupported);
  EXPECT_THAT(why.message, HasSubstr("ledger-7 has no checkpoint; second can come back"));
}

// "second" left ledger-1 out; it is in a repository with what it left out, and both pods were made anew since, or
// ledger-0 alone.
Observed composed_with_new_pods(int anew) {
  auto observed = seen({{"to", {{"snapshot", "second"}}}});
  auto& second = observed.snapshots[1] = samples::composed("second", 9);
  second["status"]["members"][0]["stored"] = "r0";
  second["status"]["composition"]["leftOut"][0]["stored"] = "r1";
  second["status"]["repository"] = "backups";
  set_condition(second, {"Durable", true, "InRepository", ""}, samples::kNow);
  for (int i = 0; i < anew; ++i) {
    auto& pod = observed.pods[static_cast<std::size_t>(i)];
    pod = samples::pod(pod.name, fmt::format("10.0.1.{}", i + 1));
    pod.uid = PodUid{"another-" + pod.name};
  }
  return observed;
}

TEST(ARollback, ToAnIncrementalSnapshotBringsTheLastCheckpointsOfThoseThatItLeftOutToo) {
  const auto observed = composed_with_new_pods(2);
  EXPECT_FALSE(needs_workload(observed)) << "it says all by itself";
  const auto line = decided<Begin>(observed).line;
  ASSERT_EQ(line.entries.size(), 2U);
  const auto& [member, left_out] = std::pair{line.entries[0], line.entries[1]};
  EXPECT_EQ(member.target.digest, "sha256:ledger-0-9");
  EXPECT_EQ(left_out.target.digest, "sha256:ledger-1-7");
  EXPECT_EQ(left_out.stored, "r1");
  EXPECT_EQ(left_out.target.of, PodUid{"ledger-1-uid"});
  for (const auto& entry : line.entries)
    EXPECT_EQ(entry.target.checkpoint, Epoch{9}) << "in new pods they are of one cut";
  EXPECT_EQ(left_out.target.names("10.0.0.8"), "10.0.0.1");
  EXPECT_THAT(left_out.because,
              HasSubstr("second left it out: this is its last checkpoint before that, taken for first"));
  EXPECT_THAT(left_out.because, HasSubstr("its checkpoint comes from backups"));
  EXPECT_EQ(left_out.target.external.size(), 1U);
}

TEST(ARollback, ToAnIncrementalSnapshotTakesWhatItLeftOutFromThePodItselfIfThatLives) {
  const auto line = decided<Begin>(composed_with_new_pods(1)).line;
  ASSERT_EQ(line.entries.size(), 2U);
  EXPECT_EQ(line.entries[0].gone, "ledger-0");
  EXPECT_EQ(line.entries[1].gone, "");
  EXPECT_EQ(line.entries[1].target.checkpoint, Epoch{7}) << "as the pod calls it";
}

TEST(ARollback, ToAnIncrementalSnapshotNamesWhatIsClosedAsTheCheckpointDoes) {
  auto observed = composed_with_new_pods(2);
  observed.snapshots[1]["status"]["composition"]["close"][0]["remote"] = "10.0.0.1:5";
  EXPECT_EQ(decided<Begin>(observed).line.entries[1].target.external,
            (std::vector<protocol::Connection>{{{"10.0.0.2", 7000}, {"10.0.0.8", 5}}}));
}

TEST(ARollback, ToAnIncrementalSnapshotWhosePodsLiveGoesByWhatTheyRemember) {
  EXPECT_TRUE(needs_workload(composed_with_new_pods(0)));
}

TEST(ARollbackToTheLatest, OfAnIncrementalPolicyComesBackFromTheRepositoryIfPodsRememberNothing) {
  auto observed = composed_with_new_pods(2);
  observed.object = samples::rollback(kToLatest);
  (*observed.policy)["spec"]["protocol"] = "Incremental";
  observed.workload.emplace();
  for (const auto& pod : observed.pods)
    observed.workload->pods.push_back({pod, {}, {{}, protocol::LocalCheckpoint{}}, {}});
  EXPECT_EQ(decided<Begin>(observed).line.snapshot, "second");
}

TEST(ARollback, WaitsAMinuteForAContainerThatIsBeingRestarted) {
  auto observed = seen(kToFirst);
  observed.pods[1].not_running = {"ledger"};
  EXPECT_THAT(decided<Later>(observed).why.message, HasSubstr("pod ledger-1: container ledger is not running"));
  observed.age = 61s;
  EXPECT_EQ(decided<Refuse>(observed).why.code, Code::Unavailable);
}

TEST(ARollback, OfAPolicyThatIsNotThereIsRefused) {
  auto observed = seen(kToLatest);
  observed.policy.reset();
  EXPECT_THAT(decided<Refuse>(observed).why.message, HasSubstr("there is no SnapshotPolicy ledger"));
}

TEST(ARollbackToATime, GoesToTheLastSnapshotThatWasCommittedBefore) {
  auto spec = kToLatest;
  spec["to"] = {{"before", "2026-01-02T03:30:00Z"}};
  auto observed = seen(spec);
  observed.snapshots[1]["status"]["conditions"] = Json::array();
  set_condition(observed.snapshots[1], {"Committed", true, "Consistent", ""}, "2026-01-02T03:45:00Z");
  EXPECT_EQ(decided<Begin>(observed).line.snapshot, "first");
}

TEST(ADryRun, ShowsTheLineAndBeginsNothing) {
  auto spec = kToFirst;
  spec["dryRun"] = true;
  EXPECT_EQ(decided<Show>(seen(spec)).line.entries.size(), 2U);
}

TEST(ADryRun, ThatWasShownIsLeftAlone) {
  auto spec = kToFirst;
  spec["dryRun"] = true;
  auto observed = seen(spec);
  set_condition(observed.object, {"Planned", true, "LineFound", ""}, samples::kNow);
  (void)decided<Nothing>(observed);
}

TEST(ARollbackInARound, IsRecoveredFromTheRecordedPlanToTheLetter) {
  auto observed = in_a_round({"Planned"});
  observed.snapshots.clear();  // what is there now does not matter any more
  const auto recover = decided<Recover>(observed);
  EXPECT_EQ(recover.epoch, Epoch{12});
  EXPECT_EQ(recover.line.snapshot, "first");
  ASSERT_EQ(recover.line.entries.size(), 1U);
  EXPECT_EQ(recover.line.entries[0].target, (protocol::rollback::Target{Epoch{7}, "sha256:old", {}}));
  EXPECT_EQ(recover.line.entries[0].pod.addresses.front(), "10.0.0.2");  // where the pod is now
}

TEST(ARollbackInARound, IsRecoveredInThePhaseThatWasRecorded) {
  EXPECT_EQ(decided<Recover>(in_a_round({"Planned"})).phase, Phase::Reserved);
  EXPECT_EQ(decided<Recover>(in_a_round({"Planned", "Irrevocable"})).phase, Phase::Restoring);
  EXPECT_EQ(decided<Recover>(in_a_round({"Planned", "Irrevocable", "Restored"})).phase, Phase::Released);
}

TEST(ARollbackInARound, KeepsAMemberWhosePodIsGoneForItMustBeToldOf) {
  auto observed = in_a_round({"Planned", "Irrevocable"});
  observed.pods.clear();
  EXPECT_EQ(decided<Recover>(observed).line.entries[0].pod.uid, PodUid{"ledger-1-uid"});
}

TEST(ARollbackThatIsDeleted, InTheMiddleOfItsRoundIsEndedAllTheSame) {
  auto observed = in_a_round({"Planned", "Irrevocable"});
  observed.object["metadata"]["deletionTimestamp"] = samples::kNow;
  (void)decided<Recover>(observed);
}

TEST(ARollbackThatIsDeleted, BeforeItBeganIsLeftAlone) {
  auto observed = seen(kToFirst);
  observed.object["metadata"]["deletionTimestamp"] = samples::kNow;
  (void)decided<Nothing>(observed);
}

TEST(ARollbackThatHasEnded, IsLeftAlone) {
  (void)decided<Nothing>(in_a_round({"Planned", "Irrevocable", "Restored", "Released"}));
  (void)decided<Nothing>(in_a_round({"Planned", "Failed"}));
}

}  // namespace
}  // namespace cutline::op::rollback
