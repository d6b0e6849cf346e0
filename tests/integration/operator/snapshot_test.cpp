// "A coordinator first multicasts a checkpoint-request message to all processes ... multicasts a checkpoint-done
// message": over the network and the API server.
#include "tests/integration/operator/fixture.hpp"

namespace cutline::test {
namespace {

using namespace protocol;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Snapshot = OperatorTest;

TEST_F(Snapshot, IsCommittedWithEveryPodsAcknowledgementAndThenReleased) {
  auto& a = pod("ledger-0");
  auto& b = pod("ledger-1");
  (void)policy();
  const auto epoch = committed("first");
  EXPECT_THAT(a.heard_of<Request>(), ElementsAre(Epoch{epoch}));
  EXPECT_THAT(b.heard_of<Request>(), ElementsAre(Epoch{epoch}));
  EXPECT_THAT(a.heard_of<Done>(), only(Epoch{epoch}));
  EXPECT_THAT(a.heard_of<Abort>(), IsEmpty());
  auto object = read(op::kSnapshots, "first").value();
  EXPECT_EQ(object["status"]["membersReady"], "2/2");
  EXPECT_EQ(object["status"]["bytes"], 2000);
  EXPECT_EQ(object["status"]["timings"]["held"], "9.0ms");
  EXPECT_EQ(condition(object, "Committed", "reason"), "Consistent");
  EXPECT_EQ(condition(object, "Durable", "status"), "False");
}

TEST_F(Snapshot, SendsThePolicysSettingsWithTheRequest) {
  auto& a = pod("ledger-0");
  (void)policy(
      {{"deadline", "7s"}, {"gate", "Drop"}, {"volumes", Json::array({{{"container", "ledger"}, {"path", "/data"}}})}});
  (void)committed("first");
  for (const auto& command : a.heard()) {
    const auto* request = std::get_if<Request>(&command);
    if (request == nullptr) continue;
    EXPECT_EQ(request->hold, Millis{7000});
    EXPECT_EQ(request->options, (SaveOptions{GateKind::Drop, {{"ledger", "/data"}}}));
  }
  ASSERT_EQ(a.heard_of<Request>().size(), 1U);
}

TEST_F(Snapshot, HasItsEpochAndMembersOnRecordBeforeAnyRequestLeavesAndItsCommitBeforeAnyDone) {
  AtFirst<Request> at_request{op::kSnapshots, {ns, "first"}};
  AtFirst<Done> at_done{op::kSnapshots, {ns, "first"}};
  watch([=](const Command& command) {
    at_request.see(command);
    at_done.see(command);
  });
  (void)pod("ledger-0");
  (void)pod("ledger-1");
  (void)policy();
  const auto epoch = committed("first");
  EXPECT_EQ(epoch_of(at_request.seen()), epoch);
  EXPECT_TRUE(op::is_true(at_request.seen(), "Planned"));
  EXPECT_FALSE(op::is_true(at_request.seen(), "Committed"));
  EXPECT_EQ(at_request.seen()["status"]["members"].size(), 2U);
  EXPECT_TRUE(op::is_true(at_done.seen(), "Committed"));
  EXPECT_FALSE(op::is_true(at_done.seen(), "Released"));
}

TEST_F(Snapshot, ChecksTheCountersOfConnectionsBetweenItsMembers) {
  auto& a = pod("ledger-0");
  auto& b = pod("ledger-1");
  const Endpoint client{inside(a), 40000}, server{inside(b), 7400};
  a.behave(obedient({{client, server, 50, 100, 0}, {{inside(a), 40001}, {"192.0.2.1", 5432}, 1, 2, 3}}));
  b.behave(obedient({{server, client, 0, 0, 60}}));
  (void)policy();
  (void)committed("first");
  auto object = read(op::kSnapshots, "first").value();
  EXPECT_EQ(object["status"]["proof"],
            Json({{"connections", 1}, {"inTransitBytes", 40}, {"orphans", 0}, {"halfOpen", 0}}));
  EXPECT_EQ(object["status"]["external"][0]["remote"], "192.0.2.1:5432");
  EXPECT_EQ(object["status"]["external"][0]["pod"], "ledger-0");
}

TEST_F(Snapshot, MakesOneLocalCheckpointForEachMemberThatSaysWhereItIsKept) {
  (void)pod("ledger-0");
  (void)pod("ledger-1");
  (void)policy();
  const auto epoch = committed("first");
  for (const auto* name : {"ledger-0", "ledger-1"}) {
    const auto checkpoint = fmt::format("{}-e{}", name, epoch);
    EXPECT_TRUE(becomes(op::kCheckpoints, checkpoint, [&](const Json& object) {
      return object["spec"]["pod"] == name && object["spec"]["snapshot"] == "first" && op::is_true(object, "Local") &&
             condition(object, "Durable", "status") == "False";
    }));
  }
}

// "A participant is in one round at a time: another request is answered busy, and waits its turn."
TEST_F(Snapshot, OfAPodThatIsBusyWaitsItsTurnAndBeginsAgainUnderAHigherEpoch) {
  auto& a = pod("ledger-0");
  auto& b = pod("ledger-1");
  b.behave(refusing<Request>({Code::Busy, "another round has this pod"}, 1));
  (void)policy();
  const auto epoch = committed("first");
  const auto requests = b.heard_of<Request>();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_LT(requests[0], requests[1]);
  EXPECT_EQ(requests[1], Epoch{epoch});
  EXPECT_THAT(a.heard_of<Abort>(), only(requests[0]));
  EXPECT_FALSE(op::is_true(read(op::kSnapshots, "first").value(), "Failed"));
}

TEST_F(Snapshot, EpochsOnlyGrowOverSnapshotsOfDifferentPolicies) {
  (void)pod("ledger-0");
  (void)policy();
  (void)make("SnapshotPolicy", "other", {{"selector", {{"matchLabels", {{"app", "ledger"}}}}}, {"deadline", "30s"}});
  const auto first = committed("first");
  (void)make("DistributedSnapshot", "second", {{"policyRef", {{"name", "other"}}}});
  ASSERT_TRUE(becomes_true(op::kSnapshots, "second", "Released"));
  EXPECT_GT(epoch_of(read(op::kSnapshots, "second").value()), first);
}

TEST_F(Snapshot, CanBeAskedForWithoutAPolicy) {
  auto& a = pod("ledger-0");
  (void)make("DistributedSnapshot", "alone",
             {{"selector", {{"matchLabels", {{"app", "ledger"}}}}}, {"deadline", "20s"}});
  EXPECT_TRUE(becomes_true(op::kSnapshots, "alone", "Released"));
  EXPECT_EQ(a.heard_of<Request>().size(), 1U);
}

TEST_F(Snapshot, WaitsForASidecarThatIsNotThereYet) {
  (void)pod("ledger-0");
  (void)pod_object("ledger-1", "127.0.0.2");
  (void)client().merge_patch(op::kPods, {ns, "ledger-1"}, {{"status", {{"initContainerStatuses", Json::array()}}}},
                             soon(), "status");
  (void)policy();
  snapshot("first");
  ASSERT_TRUE(becomes(op::kSnapshots, "first",
                      [](const Json& object) { return condition(object, "Planned", "reason") == "Unavailable"; }));
  EXPECT_THAT(condition(read(op::kSnapshots, "first").value(), "Planned", "message"),
              HasSubstr("pod ledger-1: its sidecar is not ready yet"));
  ASSERT_TRUE(client().remove(op::kPods, {ns, "ledger-1"}, soon()));
  // Its node is not there to end it: it is being deleted from here on, and no member any more.
  EXPECT_TRUE(becomes_true(op::kSnapshots, "first", "Released"));
}

}  // namespace
}  // namespace cutline::test
