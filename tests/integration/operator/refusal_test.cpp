// Rounds that end in Failed: nobody stays held, and the message says what to do.
#include "tests/integration/operator/fixture.hpp"

namespace cutline::test {
namespace {

using namespace protocol;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Refusal : OperatorTest {
  Json failed(const std::string& name) {
    EXPECT_TRUE(becomes_true(op::kSnapshots, name, "Failed"));
    return read(op::kSnapshots, name).value_or(Json::object());
  }
};

TEST_F(Refusal, OfOneMemberAbortsAllAndIsTheSnapshotsOwnMessage) {
  auto& a = pod("ledger-0");
  auto& b = pod("ledger-1");
  b.behave(refusing<Request>({Code::Exhausted, "store: 80 MB are needed and 3 MB are free"}));
  (void)policy();
  snapshot("first");
  auto object = failed("first");
  EXPECT_EQ(condition(object, "Failed", "reason"), "Exhausted");
  EXPECT_EQ(condition(object, "Failed", "message"), "pod ledger-1: store: 80 MB are needed and 3 MB are free");
  const Epoch epoch{epoch_of(object)};
  ASSERT_TRUE(a.wait_for<Abort>(soon()));
  ASSERT_TRUE(b.wait_for<Abort>(soon()));
  EXPECT_EQ(a.heard_of<Abort>().front(), epoch);
  EXPECT_EQ(b.heard_of<Abort>().front(), epoch);
  EXPECT_THAT(a.heard_of<Done>(), IsEmpty());
}

TEST_F(Refusal, OfASnapshotLeavesTheOneBeforeUsable) {
  auto& a = pod("ledger-0");
  (void)policy();
  (void)committed("good");
  a.behave(refusing<Request>({Code::Internal, "dump failed"}));
  snapshot("bad");
  (void)failed("bad");
  EXPECT_TRUE(op::is_true(read(op::kSnapshots, "good").value(), "Committed"));
  EXPECT_TRUE(becomes(op::kPolicies, "ledger",
                      [](const Json& object) { return kube::string_at(object, "/status/recoveryLine") == "good"; }));
}

TEST_F(Refusal, OfASilentMemberComesAtTheDeadlineAndNamesIt) {
  auto& a = pod("ledger-0");
  auto& b = pod("ledger-1");
  b.behave(silent_to<Request>());
  (void)policy({{"deadline", "2s"}});
  snapshot("first");
  auto object = failed("first");
  EXPECT_EQ(condition(object, "Failed", "reason"), "Timeout");
  EXPECT_THAT(condition(object, "Failed", "message"), HasSubstr("not acknowledged in time by pod "));
  EXPECT_THAT(condition(object, "Failed", "message"), HasSubstr("ledger-1"));
  EXPECT_TRUE(a.wait_for<Abort>(soon()));
}

// "received(j) <= sent(i)"
TEST_F(Refusal, OfAnInconsistentCutNamesTheConnectionAndOpensEveryGate) {
  auto& a = pod("ledger-0");
  auto& b = pod("ledger-1");
  const Endpoint client{inside(a), 40000}, server{inside(b), 7400};
  a.behave(obedient({{client, server, 50, 100, 0}}));
  b.behave(obedient({{server, client, 0, 0, 130}}));
  (void)policy();
  snapshot("first");
  auto object = failed("first");
  EXPECT_EQ(condition(object, "Failed", "reason"), "Conflict");
  EXPECT_THAT(condition(object, "Failed", "message"), HasSubstr("ledger-0 -> ledger-1"));
  EXPECT_THAT(condition(object, "Failed", "message"), HasSubstr("30 bytes orphaned"));
  EXPECT_FALSE(op::is_true(object, "Committed"));
  ASSERT_TRUE(a.wait_for<Abort>(soon()));
  ASSERT_TRUE(b.wait_for<Abort>(soon()));
  EXPECT_THAT(a.heard_of<Done>(), IsEmpty());
}

TEST_F(Refusal, OfAFatalFindingComesBeforeAnythingIsFrozenAndEndsWithTheRemedy) {
  auto& a = pod("ledger-0");
  a.behave([](const Command& command) -> std::optional<Reply> {
    if (!std::holds_alternative<Preflight>(command)) return obedient()(command);
    return Findings{{{true, "ledger", "1002 (ledger)", "fd 7, anon_inode:[io_uring]", "switch io_uring off"}}};
  });
  (void)policy();
  snapshot("first");
  auto object = failed("first");
  EXPECT_EQ(condition(object, "Failed", "reason"), "Unsupported");
  EXPECT_EQ(condition(object, "Failed", "message"),
            "pod ledger-0, container ledger, process 1002 (ledger): fd 7, anon_inode:[io_uring]: switch io_uring off");
  EXPECT_EQ(object["status"]["findings"][0]["fatal"], true);
  EXPECT_THAT(a.heard_of<Request>(), IsEmpty());
}

TEST_F(Refusal, IsNotTheAnswerToAFindingThatOnlyLosesSomething) {
  auto& a = pod("ledger-0");
  a.behave([](const Command& command) -> std::optional<Reply> {
    if (!std::holds_alternative<Preflight>(command)) return obedient()(command);
    return Findings{{{false, "ledger", "1002 (ledger)", "fd 9, inotify", "scan once after a rollback"}}};
  });
  (void)policy();
  (void)committed("first");
  auto object = read(op::kSnapshots, "first").value();
  EXPECT_EQ(object["status"]["findings"], Json::array({{{"pod", "ledger-0"},
                                                        {"fatal", false},
                                                        {"container", "ledger"},
                                                        {"process", "1002 (ledger)"},
                                                        {"object", "fd 9, inotify"},
                                                        {"remedy", "scan once after a rollback"}}}));
}

TEST_F(Refusal, OfASnapshotWhosePolicyIsNotThere) {
  snapshot("first");
  EXPECT_THAT(condition(failed("first"), "Failed", "message"), HasSubstr("there is no SnapshotPolicy ledger"));
}

TEST_F(Refusal, OfAPodThatLeavesDuringTheRoundAbortsTheOthers) {
  auto& a = pod("ledger-0");
  auto& b = pod("ledger-1");
  b.behave(silent_to<Request>());
  (void)policy({{"deadline", "60s"}});
  snapshot("first");
  ASSERT_TRUE(b.wait_for<Request>(soon()));
  ASSERT_TRUE(client().remove(op::kPods, {ns, "ledger-1"}, soon()));
  auto object = failed("first");
  EXPECT_EQ(condition(object, "Failed", "message"), "pod ledger-1 left during the round");
  EXPECT_TRUE(a.wait_for<Abort>(soon()));
}

TEST_F(Refusal, OfAnInitiatorThatIsNoPodNamesIt) {
  auto& a = pod("ledger-0");
  (void)policy();
  (void)make("DistributedSnapshot", "first",
             {{"policyRef", {{"name", "ledger"}}}, {"protocol", "Incremental"}, {"initiator", "ledger-9"}});
  auto object = failed("first");
  EXPECT_THAT(condition(object, "Failed", "message"), HasSubstr("the initiator ledger-9 is no pod"));
  EXPECT_THAT(a.heard(), IsEmpty());
}

}  // namespace
}  // namespace cutline::test
