// kill -9 of the operator in every stage of a snapshot: its successor ends the round as the record says.
//
// "A coordinator that dies before Commit: its successor aborts e. After Commit: it sends done(e) again."
#include "tests/integration/operator/fixture.hpp"

namespace cutline::test {
namespace {

using namespace protocol;
using testing::HasSubstr;
using testing::IsEmpty;

struct Crash : OperatorTest {
  // As the operator records a reservation, at an epoch that no other test reaches.
  static constexpr std::uint64_t kEpoch = 100'000;
  static void reserve(Json& object, const std::vector<std::pair<std::string, const Participant*>>& members) {
    object["metadata"]["finalizers"] = Json::array({op::kFinalizer});
    object["status"]["epoch"] = kEpoch;
    object["status"]["membersReady"] = fmt::format("0/{}", members.size());
    for (const auto& [name, participant] : members)
      object["status"]["members"].push_back(
          {{"pod", name}, {"uid", participant->uid().value}, {"node", "node-a"}, {"why", "Selected"}});
    op::set_condition(object, {"Planned", true, "MembersFixed", "as left by the dead"}, "2026-01-01T00:00:00Z");
  }
  void restart() {
    const auto started = installation().start_operator();
    ASSERT_TRUE(started) << started.error().message;
  }
};

TEST_F(Crash, BeforeAnyRequestLeadsToAbort) {
  auto& a = pod("ledger-0");
  auto& b = pod("ledger-1");
  installation().kill_operator();
  (void)policy();
  snapshot("first");
  (void)leave_record(op::kSnapshots, read(op::kSnapshots, "first").value(),
                     [&](Json& object) { reserve(object, {{"ledger-0", &a}, {"ledger-1", &b}}); });
  restart();
  ASSERT_TRUE(becomes_true(op::kSnapshots, "first", "Failed"));
  EXPECT_THAT(condition(read(op::kSnapshots, "first").value(), "Failed", "message"),
              HasSubstr("died before its commit"));
  ASSERT_TRUE(a.wait_for<Abort>(soon()));
  ASSERT_TRUE(b.wait_for<Abort>(soon()));
  EXPECT_THAT(a.heard_of<Abort>(), only(Epoch{kEpoch}));
  EXPECT_THAT(a.heard_of<Request>(), IsEmpty());
}

TEST_F(Crash, AfterSomeRequestsLeadsToAbortOfThatEpochAndTheNextIsHigher) {
  auto& a = pod("ledger-0");
  auto& b = pod("ledger-1");
  b.behave(silent_to<Request>());
  (void)policy();
  snapshot("first");
  ASSERT_TRUE(a.wait_for<Request>(soon()));
  ASSERT_TRUE(b.wait_for<Request>(soon()));
  installation().kill_operator();
  const auto epoch = epoch_of(read(op::kSnapshots, "first").value());
  EXPECT_EQ(a.heard_of<Request>().front(), Epoch{epoch});
  b.behave(obedient());
  restart();
  ASSERT_TRUE(becomes_true(op::kSnapshots, "first", "Failed"));
  ASSERT_TRUE(a.wait_for<Abort>(soon()));
  ASSERT_TRUE(b.wait_for<Abort>(soon()));
  EXPECT_THAT(a.heard_of<Abort>(), only(Epoch{epoch}));
  EXPECT_THAT(a.heard_of<Done>(), IsEmpty());
  EXPECT_EQ(epoch_of(read(op::kSnapshots, "first").value()), epoch);
  EXPECT_GT(committed("second"), epoch);
}

TEST_F(Crash, BetweenTheCommitAndTheFirstDoneLeadsToDone) {
  auto& a = pod("ledger-0");
  auto& b = pod("ledger-1");
  installation().kill_operator();
  (void)policy();
  snapshot("first");
  (void)leave_record(op::kSnapshots, read(op::kSnapshots, "first").value(), [&](Json& object) {
    reserve(object, {{"ledger-0", &a}, {"ledger-1", &b}});
    for (auto& member : object["status"]["members"]) {
      member["checkpoint"] = 1;
      member["digest"] = "sha256:" + std::string(64, 'a');
      member["bytes"] = 10;
    }
    op::set_condition(object, {"Committed", true, "Consistent", "as left by the dead"}, "2026-01-01T00:00:00Z");
  });
  restart();
  ASSERT_TRUE(becomes_true(op::kSnapshots, "first", "Released"));
  EXPECT_THAT(a.heard_of<Done>(), only(Epoch{kEpoch}));
  EXPECT_THAT(b.heard_of<Done>(), only(Epoch{kEpoch}));
  EXPECT_THAT(a.heard_of<Abort>(), IsEmpty());
  EXPECT_THAT(a.heard_of<Request>(), IsEmpty());
  // What its commit had still to be followed by.
  EXPECT_TRUE(becomes(op::kCheckpoints, fmt::format("ledger-0-e{}", kEpoch), [](const Json&) { return true; }));
}

TEST_F(Crash, TheMomentItsCommitIsDurableLeadsToDoneAndNeverToAbort) {
  auto& a = pod("ledger-0");
  auto& b = pod("ledger-1");
  a.behave(silent_to<Done>());
  b.behave(silent_to<Done>());
  (void)policy();
  snapshot("first");
  ASSERT_TRUE(becomes_true(op::kSnapshots, "first", "Committed"));
  installation().kill_operator();
  const auto epoch = epoch_of(read(op::kSnapshots, "first").value());
  a.behave(obedient());
  b.behave(obedient());
  restart();
  ASSERT_TRUE(becomes_true(op::kSnapshots, "first", "Released"));
  EXPECT_THAT(a.heard_of<Done>(), only(Epoch{epoch}));
  EXPECT_THAT(a.heard_of<Abort>(), IsEmpty());
  EXPECT_THAT(b.heard_of<Abort>(), IsEmpty());
}

TEST_F(Crash, InTheReleaseLeadsToDoneForWhoeverHadNotAnswered) {
  auto& a = pod("ledger-0");
  auto& b = pod("ledger-1");
  b.behave(silent_to<Done>());
  (void)policy();
  snapshot("first");
  ASSERT_TRUE(a.wait_for<Done>(soon()));
  ASSERT_TRUE(b.wait_for<Done>(soon()));
  installation().kill_operator();
  auto before = read(op::kSnapshots, "first").value();
  EXPECT_TRUE(op::is_true(before, "Committed"));
  EXPECT_FALSE(op::is_true(before, "Released"));
  const auto heard = b.heard_of<Done>().size();
  b.behave(obedient());
  restart();
  ASSERT_TRUE(becomes_true(op::kSnapshots, "first", "Released"));
  EXPECT_GT(b.heard_of<Done>().size(), heard);
  EXPECT_THAT(b.heard_of<Done>(), only(Epoch{epoch_of(before)}));
}

TEST_F(Crash, LeavesEpochsGrowing) {
  auto& a = pod("ledger-0");
  (void)policy();
  std::uint64_t last = 0;
  for (const auto* name : {"first", "second", "third"}) {
    const auto epoch = committed(name);
    EXPECT_GT(epoch, last);
    last = epoch;
    installation().kill_operator();
    restart();
  }
  EXPECT_TRUE(std::ranges::is_sorted(a.heard_of<Request>()));
}

}  // namespace
}  // namespace cutline::test
