// Each decision about a DistributedSnapshot.
#include <gmock/gmock.h>

#include "operator/api/conditions.hpp"
#include "operator/api/resources.hpp"
#include "operator/hooks/report.hpp"
#include "operator/snapshot/plan.hpp"
#include "tests/unit/operator/samples.hpp"

namespace cutline::op::snapshot {
namespace {

using namespace std::chrono_literals;
using samples::decided;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Observed seen(Json object) { return {std::move(object), samples::policy(), samples::ledgers(2), {}, {}, false, 0s}; }

Json incremental(const std::string& initiator) {
  auto out = samples::snapshot();
  out["spec"]["protocol"] = "Incremental";
  out["spec"]["initiator"] = initiator;
  return out;
}

Json deleting(Json object) {
  object["metadata"]["deletionTimestamp"] = samples::kNow;
  return object;
}

TEST(ANewSnapshot, GetsItsFinalizerBeforeAnythingElse) {
  auto object = samples::snapshot();
  object["metadata"].erase("finalizers");
  (void)decided<AddFinalizer>(seen(object));
}

TEST(ANewSnapshot, BeginsWithAllMembersAndThePolicysSettings) {
  const auto begin = decided<Begin>(seen(samples::snapshot()));
  EXPECT_EQ(begin.members.size(), 2U);
  EXPECT_EQ(begin.save.deadline, 5s);
  EXPECT_EQ(begin.save.options.gate, protocol::GateKind::Queue);
}

TEST(ANewSnapshot, BeginsWithWhatItSaysItself) {
  auto object = samples::snapshot();
  object["spec"] = {{"selector", {{"matchLabels", {{"app", "ledger"}}}}}, {"deadline", "700ms"}, {"gate", "Drop"}};
  auto observed = seen(object);
  observed.policy.reset();
  const auto begin = decided<Begin>(observed);
  EXPECT_EQ(begin.save.deadline, 700ms);
  EXPECT_EQ(begin.save.options.gate, protocol::GateKind::Drop);
}

TEST(ANewSnapshot, OpensItsGateOnlyByItsOwnTestAnnotation) {
  auto object = samples::snapshot();
  object["metadata"]["annotations"][kTestGate] = "Open";
  EXPECT_EQ(decided<Begin>(seen(object)).save.options.gate, protocol::GateKind::Open);
}

// One kubectl apply may bring the snapshot before its policy.
TEST(ANewSnapshot, OfAPolicyThatIsNotThereWaitsAMomentAndIsThenRefused) {
  auto observed = seen(samples::snapshot());
  observed.policy.reset();
  observed.age = 4s;
  EXPECT_EQ(decided<Later>(observed).why.code, Code::NotFound);
  observed.age = 5s;
  const auto refused = decided<Refuse>(observed);
  EXPECT_EQ(refused.why.code, Code::NotFound);
  EXPECT_THAT(refused.why.message, HasSubstr("there is no SnapshotPolicy ledger"));
}

TEST(ANewSnapshot, WaitsAMinuteForAPodThatIsStarting) {
  auto observed = seen(samples::snapshot());
  observed.pods[1].sidecar_ready = false;
  observed.age = 59s;
  EXPECT_THAT(decided<Later>(observed).why.message, HasSubstr("ledger-1"));
  observed.age = 60s;
  EXPECT_EQ(decided<Refuse>(observed).why.code, Code::Unavailable);
}

TEST(ANewSnapshot, DoesNotWaitForWhatTheUserMustDo) {
  auto observed = seen(samples::snapshot());
  observed.pods[1].injected = false;
  EXPECT_EQ(decided<Refuse>(observed).why.code, Code::Invalid);
}

TEST(ANewIncrementalSnapshot, StartsFromItsInitiatorAndMayReachEveryPod) {
  const auto begin = decided<Begin>(seen(incremental("ledger-1")));
  EXPECT_EQ(begin.initiator, PodUid{"ledger-1-uid"});
  EXPECT_EQ(begin.members.size(), 2U);
}

TEST(ANewIncrementalSnapshot, WhoseInitiatorIsNoPodIsRefused) {
  EXPECT_THAT(decided<Refuse>(seen(incremental("ledger-9"))).why.message,
              HasSubstr("the initiator ledger-9 is no pod"));
}

TEST(ANewIncrementalSnapshot, IsOfAllPodsEverySoManyTimes) {
  auto observed = seen(incremental("ledger-1"));
  (*observed.policy)["spec"]["incremental"] = {{"initiator", "ledger-1"}, {"fullEvery", 3}};
  auto earlier = samples::committed("earlier", 4);
  auto partial = samples::committed("partial", 5);
  partial["status"]["protocol"] = "Incremental";
  observed.snapshots = {earlier, partial};
  EXPECT_TRUE(decided<Begin>(observed).initiator);
  observed.snapshots.push_back(samples::committed("another", 6));
  observed.snapshots.back()["status"]["protocol"] = "Incremental";
  EXPECT_FALSE(decided<Begin>(observed).initiator);
}

// It can have reached any pod of the workload before it died.
TEST(AnIncrementalSnapshotInARound, IsAbortedInEveryPodWhenItsCoordinatorDied) {
  auto object = incremental("ledger-1");
  object["status"] = {{"epoch", 7}, {"members", {{{"pod", "ledger-1"}, {"uid", "ledger-1-uid"}}}}};
  EXPECT_EQ(decided<Recover>(seen(object)).members.size(), 2U);
}

TEST(ANewSnapshot, OfAnIndependentWorkloadIsRefusedUnlessItNamesAProtocol) {
  auto observed = seen(samples::snapshot());
  (*observed.policy)["spec"]["protocol"] = "Independent";
  EXPECT_THAT(decided<Refuse>(observed).why.message, HasSubstr("spec.protocol: Coordinated"));
  observed.object["spec"]["protocol"] = "Coordinated";
  EXPECT_FALSE(decided<Begin>(observed).initiator);
}

Json hook(const char* program) { return {{"container", "ledger"}, {"command", {program}}}; }

Observed with_hooks(Json object) {
  auto observed = seen(std::move(object));
  (*observed.policy)["spec"]["hooks"] = {{"beforeFreeze", {hook("quiesce")}}, {"afterThaw", {hook("go-on")}}};
  return observed;
}

TEST(ANewSnapshot, OfAPolicyWithHooksBringsThem) {
  const auto begin = decided<Begin>(with_hooks(samples::snapshot()));
  EXPECT_THAT(begin.save.hooks.before_freeze.at(0).command, ElementsAre("quiesce"));
  EXPECT_FALSE(undo(with_hooks(samples::snapshot())));
}

TEST(ASnapshotThatHasEnded, HasItsHooksAfterTheThawRunIfTheyAreOnRecord) {
  auto object = samples::committed("first", 7);
  set_condition(object, {"Released", true, "GatesOpen", ""}, "2026-01-01T00:00:00Z");
  EXPECT_FALSE(undo(with_hooks(object))) << "none were begun";
  hooks::record_pending(object);
  const auto due = undo(with_hooks(object));
  ASSERT_TRUE(due);
  EXPECT_THAT(due->hooks.at(0).command, ElementsAre("go-on"));
  EXPECT_EQ(due->members.size(), 2U);
  hooks::record_done(object);
  EXPECT_FALSE(undo(with_hooks(object)));
}

TEST(ASnapshotThatIsDeleted, HasThemRunFirst) {
  auto object = samples::snapshot();
  hooks::record_pending(object);
  EXPECT_FALSE(undo(with_hooks(object))) << "its round is still to come";
  object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  EXPECT_TRUE(undo(with_hooks(object)));
}

TEST(ASnapshotInARound, IsRecoveredWithTheMembersThatTheRecordNames) {
  auto object = samples::committed("first", 7);
  object["status"]["conditions"].erase(1);  // not committed yet
  const auto recover = decided<Recover>(seen(object));
  EXPECT_EQ(recover.epoch, Epoch{7});
  EXPECT_FALSE(recover.committed);
  EXPECT_EQ(recover.members.size(), 2U);
}

TEST(ASnapshotInARound, ThatWasCommittedIsRecoveredAsCommitted) {
  EXPECT_TRUE(decided<Recover>(seen(samples::committed("first", 7))).committed);
}

TEST(ASnapshotInARound, IsRecoveredWithoutAMemberThatIsGone) {
  auto observed = seen(samples::committed("first", 7));
  observed.pods.pop_back();
  EXPECT_EQ(decided<Recover>(observed).members.size(), 1U);
}

TEST(ASnapshotInARound, IsRecoveredWithTheRecordedMembersAndNotWithNewOnes) {
  auto observed = seen(samples::committed("first", 7));
  observed.pods = samples::ledgers(3);
  EXPECT_EQ(decided<Recover>(observed).members.size(), 2U);
}

TEST(ASnapshotThatHasEnded, IsLeftAlone) {
  auto released = samples::committed("first", 7);
  set_condition(released, {"Released", true, "GatesOpen", ""}, samples::kNow);
  (void)decided<Nothing>(seen(released));
  auto failed = samples::snapshot();
  set_condition(failed, {"Failed", true, "Timeout", ""}, samples::kNow);
  (void)decided<Nothing>(seen(failed));
}

TEST(ASnapshotThatIsDeleted, CollectsItsImages) {
  auto object = samples::committed("first", 7);
  set_condition(object, {"Released", true, "GatesOpen", ""}, samples::kNow);
  const auto collect = decided<Collect>(seen(deleting(object)));
  EXPECT_EQ(collect.epoch, Epoch{7});
  EXPECT_EQ(collect.members.size(), 2U);
  EXPECT_FALSE(collect.open);
}

TEST(ASnapshotThatIsDeleted, InTheMiddleOfItsRoundThawsFirst) {
  EXPECT_TRUE(decided<Collect>(seen(deleting(samples::committed("first", 7)))).open);
}

TEST(ASnapshotThatIsDeleted, BeforeItsRoundHasNobodyToTell) {
  const auto collect = decided<Collect>(seen(deleting(samples::snapshot())));
  EXPECT_EQ(collect.epoch, Epoch{0});
  EXPECT_FALSE(collect.open);
  EXPECT_THAT(collect.members, IsEmpty());
}

TEST(ASnapshotThatIsDeleted, WaitsForTheRollbackThatNeedsIt) {
  auto observed = seen(deleting(samples::committed("first", 7)));
  observed.used_by_rollback = true;
  EXPECT_EQ(decided<Later>(observed).why.code, Code::Busy);
}

TEST(ASnapshotThatIsDeleted, AndCollectedIsLeftAlone) {
  auto object = deleting(samples::committed("first", 7));
  object["metadata"]["finalizers"] = {"somebody.else/finalizer"};
  (void)decided<Nothing>(seen(object));
}

}  // namespace
}  // namespace cutline::op::snapshot
