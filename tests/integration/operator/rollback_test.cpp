// All members back to one line, all or none: Prepare, Stop, Restore, Release.
#include "tests/integration/operator/fixture.hpp"

namespace cutline::test {
namespace {

using namespace protocol;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct RollbackTo : OperatorTest {
  const Json kToFirst = {{"to", {{"snapshot", "first"}}}};
  Participant* a = nullptr;
  Participant* b = nullptr;
  std::uint64_t checkpoint = 0;

  void SetUp() override {
    OperatorTest::SetUp();
    a = &pod("ledger-0");
    b = &pod("ledger-1");
    (void)policy();
    checkpoint = committed("first");
  }
  Json failed() {
    EXPECT_TRUE(becomes_true(op::kRollbacks, "back", "Failed"));
    return read(op::kRollbacks, "back").value_or(Json::object());
  }
};

TEST_F(RollbackTo, ASnapshotPreparesRestoresAndReleasesEachMember) {
  rollback("back", kToFirst);
  ASSERT_TRUE(becomes_true(op::kRollbacks, "back", "Released"));
  auto object = read(op::kRollbacks, "back").value();
  const Epoch epoch{epoch_of(object)};
  EXPECT_GT(value(epoch), checkpoint);
  for (const auto* member : {a, b}) {
    EXPECT_THAT(member->heard_of<Prepare>(), ElementsAre(epoch));
    EXPECT_THAT(member->heard_of<Restore>(), ElementsAre(epoch));
    EXPECT_THAT(member->heard_of<Release>(), only(epoch));
    EXPECT_THAT(member->heard_of<Abort>(), IsEmpty());
  }
  EXPECT_EQ(object["status"]["to"], "first");
  EXPECT_EQ(object["status"]["membersRestored"], "2/2");
  EXPECT_EQ(object["status"]["plan"][0]["restored"], "70.0ms");
  EXPECT_EQ(object["status"]["timings"]["held"], "90.0ms");
}

TEST_F(RollbackTo, ASnapshotAsksForExactlyTheDigestOnRecord) {
  rollback("back", kToFirst);
  ASSERT_TRUE(a->wait_for<Prepare>(soon()));
  for (const auto& command : a->heard()) {
    const auto* prepare = std::get_if<Prepare>(&command);
    if (prepare == nullptr) continue;
    EXPECT_EQ(prepare->checkpoint, Epoch{checkpoint});
    EXPECT_EQ(prepare->digest, fmt::format("sha256:{:064x}", checkpoint));
  }
  EXPECT_TRUE(becomes_true(op::kRollbacks, "back", "Released"));
}

// The other ends are not taken back, so the member closes them; how many stands in the status.
TEST_F(RollbackTo, ASnapshotTellsAMemberWhichConnectionsToTheOutsideToClose) {
  const Endpoint local{inside(*a), 40001}, database{"192.0.2.1", 5432};
  a->behave(obedient({{local, database, 1, 2, 3}}));
  (void)committed("connected");
  rollback("back", {{"to", {{"snapshot", "connected"}}}});
  ASSERT_TRUE(becomes_true(op::kRollbacks, "back", "Released"));
  for (const auto& command : a->heard()) {
    const auto* prepare = std::get_if<Prepare>(&command);
    if (prepare == nullptr) continue;
    EXPECT_THAT(prepare->external, ElementsAre(Connection{local, database}));
  }
  EXPECT_EQ(read(op::kRollbacks, "back").value()["status"]["lost"]["external"], 1);
}

TEST_F(RollbackTo, ASnapshotHasEachPhaseOnRecordBeforeItBegins) {
  AtFirst<Prepare> at_prepare{op::kRollbacks, {ns, "back"}};
  AtFirst<Stop> at_stop{op::kRollbacks, {ns, "back"}};
  AtFirst<Restore> at_restore{op::kRollbacks, {ns, "back"}};
  AtFirst<Release> at_release{op::kRollbacks, {ns, "back"}};
  watch([=](const Command& command) {
    at_prepare.see(command);
    at_stop.see(command);
    at_restore.see(command);
    at_release.see(command);
  });
  rollback("back", kToFirst);
  ASSERT_TRUE(becomes_true(op::kRollbacks, "back", "Released"));
  EXPECT_NE(epoch_of(at_prepare.seen()), 0U);
  EXPECT_EQ(at_prepare.seen()["status"]["plan"].size(), 2U);
  EXPECT_FALSE(op::is_true(at_prepare.seen(), "Irrevocable"));
  EXPECT_TRUE(op::is_true(at_stop.seen(), "Irrevocable"));
  EXPECT_TRUE(op::is_true(at_restore.seen(), "Irrevocable"));
  EXPECT_FALSE(op::is_true(at_restore.seen(), "Restored"));
  EXPECT_TRUE(op::is_true(at_release.seen(), "Restored"));
  EXPECT_FALSE(op::is_true(at_release.seen(), "Released"));
}

TEST_F(RollbackTo, TheLatestGoesToTheNewestCommittedSnapshot) {
  const auto second = committed("second");
  rollback("back", {{"policyRef", {{"name", "ledger"}}}, {"to", {{"latest", true}}}});
  ASSERT_TRUE(becomes_true(op::kRollbacks, "back", "Released"));
  auto object = read(op::kRollbacks, "back").value();
  EXPECT_EQ(object["status"]["to"], "second");
  EXPECT_EQ(object["status"]["plan"][0]["epoch"], second);
}

TEST_F(RollbackTo, ALineAsADryRunTouchesNobody) {
  rollback("back", {{"to", {{"snapshot", "first"}}}, {"dryRun", true}});
  ASSERT_TRUE(becomes_true(op::kRollbacks, "back", "Planned"));
  EXPECT_EQ(read(op::kRollbacks, "back").value()["status"]["plan"].size(), 2U);
  EXPECT_THAT(a->heard_of<Prepare>(), IsEmpty());
  EXPECT_EQ(epoch_of(read(op::kRollbacks, "back").value()), 0U);
}

TEST_F(RollbackTo, ADamagedCheckpointTouchesNobody) {
  b->behave(refusing<Prepare>({Code::Corrupt, "pages-1.img: digest differs"}));
  rollback("back", kToFirst);
  auto object = failed();
  EXPECT_EQ(condition(object, "Failed", "reason"), "Corrupt");
  EXPECT_EQ(condition(object, "Failed", "message"), "pod ledger-1: pages-1.img: digest differs; nothing was touched");
  ASSERT_TRUE(a->wait_for<Abort>(soon()));
  ASSERT_TRUE(b->wait_for<Abort>(soon()));
  EXPECT_THAT(a->heard_of<Restore>(), IsEmpty());
  EXPECT_THAT(b->heard_of<Restore>(), IsEmpty());
  EXPECT_THAT(a->heard_of<Stop>(), IsEmpty());
  EXPECT_FALSE(op::is_true(object, "Irrevocable"));
}

TEST_F(RollbackTo, ASnapshotTriesARestoreAgainThatFailed) {
  b->behave(refusing<Restore>({Code::Internal, "CRIU: Can't fork for 29"}, 2));
  rollback("back", kToFirst);
  ASSERT_TRUE(becomes_true(op::kRollbacks, "back", "Released"));
  EXPECT_EQ(a->heard_of<Restore>().size(), 1U);
  EXPECT_EQ(b->heard_of<Restore>().size(), 3U);
}

// Fail closed: "One member cannot be restored: none is released."
TEST_F(RollbackTo, ASnapshotThatOneMemberCannotReachReleasesNobodyAndSaysSo) {
  b->behave(refusing<Restore>({Code::Internal, "CRIU: Can't fork for 29"}));
  rollback("back", kToFirst);
  auto object = failed();
  EXPECT_THAT(condition(object, "Failed", "message"),
              HasSubstr("pod ledger-1: CRIU: Can't fork for 29; every gate stays closed"));
  EXPECT_EQ(b->heard_of<Restore>().size(), 3U);
  for (const auto* member : {a, b}) {
    EXPECT_THAT(member->heard_of<Release>(), IsEmpty());
    EXPECT_THAT(member->heard_of<Abort>(), IsEmpty());
  }
}

TEST_F(RollbackTo, ASnapshotCanBeTriedAgainAfterItWasHeld) {
  b->behave(refusing<Restore>({Code::Internal, "CRIU: Can't fork for 29"}));
  rollback("back", kToFirst);
  const auto held = epoch_of(failed());
  b->behave(obedient());
  rollback("again", kToFirst);
  ASSERT_TRUE(becomes_true(op::kRollbacks, "again", "Released"));
  EXPECT_GT(epoch_of(read(op::kRollbacks, "again").value()), held);
}

TEST_F(RollbackTo, ABusyPodWaitsItsTurn) {
  b->behave(refusing<Prepare>({Code::Busy, "another round has this pod"}, 1));
  rollback("back", kToFirst);
  ASSERT_TRUE(becomes_true(op::kRollbacks, "back", "Released"));
  EXPECT_EQ(b->heard_of<Prepare>().size(), 2U);
  EXPECT_EQ(a->heard_of<Abort>().front(), b->heard_of<Prepare>().front());
}

TEST_F(RollbackTo, ASnapshotThatIsNotThereTouchesNobody) {
  rollback("back", {{"to", {{"snapshot", "none"}}}});
  EXPECT_EQ(condition(failed(), "Failed", "reason"), "NotFound");
  EXPECT_THAT(a->heard_of<Prepare>(), IsEmpty());
}

TEST_F(RollbackTo, AReplacedPodTouchesNobody) {
  ASSERT_TRUE(client().remove(op::kPods, {ns, "ledger-1"}, soon()));
  rollback("back", kToFirst);
  EXPECT_THAT(condition(failed(), "Failed", "message"),
              HasSubstr("pod ledger-1 of the snapshot is gone, and its checkpoint with it: first is in no repository"));
  EXPECT_THAT(a->heard_of<Prepare>(), IsEmpty());
}

}  // namespace
}  // namespace cutline::test
