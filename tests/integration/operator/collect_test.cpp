// A snapshot that is deleted: thaw first, delete the images, let it go.
#include "tests/integration/operator/fixture.hpp"

namespace cutline::test {
namespace {

using namespace protocol;
using testing::ElementsAre;
using testing::IsEmpty;

struct Deletion : OperatorTest {
  static std::vector<Epoch> forgotten(const Participant& member) {
    std::vector<Epoch> out;
    for (const auto& command : member.heard())
      if (const auto* forget = std::get_if<Forget>(&command)) out.push_back(forget->checkpoint);
    return out;
  }
  bool gone(const std::string& name) {
    return eventually(
        [&] {
          const auto now = read(op::kSnapshots, name);
          return !now && now.error().code == Code::NotFound;
        },
        soon());
  }
};

TEST_F(Deletion, OfACommittedSnapshotDeletesItsImagesOnEveryNode) {
  auto& a = pod("ledger-0");
  auto& b = pod("ledger-1");
  (void)policy();
  const auto epoch = committed("first");
  ASSERT_TRUE(client().remove(op::kSnapshots, {ns, "first"}, soon()));
  ASSERT_TRUE(gone("first"));
  EXPECT_THAT(forgotten(a), ElementsAre(Epoch{epoch}));
  EXPECT_THAT(forgotten(b), ElementsAre(Epoch{epoch}));
  EXPECT_THAT(a.heard_of<Abort>(), IsEmpty());
}

TEST_F(Deletion, WaitsForTheRollbackThatNeedsTheSnapshot) {
  auto& a = pod("ledger-0");
  (void)policy();
  (void)committed("first");
  a.behave(silent_to<Restore>());
  rollback("back", {{"to", {{"snapshot", "first"}}}});
  ASSERT_TRUE(a.wait_for<Restore>(soon()));
  ASSERT_TRUE(client().remove(op::kSnapshots, {ns, "first"}, soon()));
  // Ended by a successor, which asks again.
  installation().kill_operator();
  EXPECT_THAT(forgotten(a), IsEmpty());
  a.behave(obedient());
  ASSERT_TRUE(installation().start_operator());
  ASSERT_TRUE(becomes_true(op::kRollbacks, "back", "Released"));
  ASSERT_TRUE(gone("first"));
  const auto heard = a.heard();
  const auto at = [&](auto is) { return std::ranges::find_if(heard, is) - heard.begin(); };
  EXPECT_LT(at([](const Command& c) { return std::holds_alternative<Release>(c); }),
            at([](const Command& c) { return std::holds_alternative<Forget>(c); }));
}

TEST_F(Deletion, OfASnapshotWhosePodIsGoneIsNotHeldUp) {
  (void)pod("ledger-0");
  (void)policy();
  (void)committed("first");
  ASSERT_TRUE(client().merge_patch(op::kPods, {ns, "ledger-0"}, {{"metadata", {{"finalizers", nullptr}}}}, soon()));
  ASSERT_TRUE(client().remove(op::kPods, {ns, "ledger-0"}, soon()));
  ASSERT_TRUE(client().remove(op::kSnapshots, {ns, "first"}, soon()));
  EXPECT_TRUE(gone("first"));
}

TEST_F(Deletion, ComesByRetentionToTheOldestAndItsImages) {
  auto& a = pod("ledger-0");
  (void)policy({{"retention", {{"keepLast", 2}}}});
  const auto first = committed("first");
  (void)committed("second");
  (void)committed("third");
  ASSERT_TRUE(gone("first"));
  EXPECT_THAT(forgotten(a), ElementsAre(Epoch{first}));
  ASSERT_TRUE(becomes(op::kPolicies, "ledger", [](const Json& object) {
    return object.value(Json::json_pointer("/status/retention/kept"), 0) == 2;
  }));
  EXPECT_TRUE(read(op::kSnapshots, "second"));
  EXPECT_TRUE(read(op::kSnapshots, "third"));
}

TEST_F(Deletion, ByRetentionIsOnlyShownInADryRun) {
  (void)pod("ledger-0");
  (void)policy({{"retention", {{"keepLast", 1}, {"dryRun", true}}}});
  (void)committed("first");
  (void)committed("second");
  ASSERT_TRUE(becomes(op::kPolicies, "ledger", [](const Json& object) {
    return object.value(Json::json_pointer("/status/retention/wouldDelete"), Json::array()) == Json{"first"};
  }));
  EXPECT_TRUE(read(op::kSnapshots, "first"));
}

}  // namespace
}  // namespace cutline::test
