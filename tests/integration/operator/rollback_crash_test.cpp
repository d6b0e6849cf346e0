// kill -9 of the operator in the phases of a rollback: before Irrevocable the successor aborts, after it the successor
// goes on.
#include "tests/integration/operator/fixture.hpp"

namespace cutline::test {
namespace {

using namespace protocol;
using testing::HasSubstr;
using testing::IsEmpty;

struct RollbackCrash : OperatorTest {
  Participant* a = nullptr;
  Participant* b = nullptr;

  void SetUp() override {
    OperatorTest::SetUp();
    a = &pod("ledger-0");
    b = &pod("ledger-1");
    (void)policy();
    (void)committed("first");
  }
  // Killed when B has heard the first C, which it does not answer; obedient afterwards. The epoch.
  template <class C>
  Epoch kill_at() {
    b->behave(silent_to<C>());
    rollback("back", {{"to", {{"snapshot", "first"}}}});
    EXPECT_TRUE(a->wait_for<C>(soon()));
    EXPECT_TRUE(b->wait_for<C>(soon()));
    installation().kill_operator();
    b->behave(obedient());
    const auto epoch = epoch_of(read(op::kRollbacks, "back").value());
    const auto started = installation().start_operator();
    EXPECT_TRUE(started) << started.error().message;
    return Epoch{epoch};
  }
};

TEST_F(RollbackCrash, InPrepareLeadsToAbortWithNothingTouched) {
  const auto epoch = kill_at<Prepare>();
  ASSERT_TRUE(becomes_true(op::kRollbacks, "back", "Failed"));
  EXPECT_THAT(condition(read(op::kRollbacks, "back").value(), "Failed", "message"), HasSubstr("nothing was touched"));
  ASSERT_TRUE(a->wait_for<Abort>(soon()));
  ASSERT_TRUE(b->wait_for<Abort>(soon()));
  EXPECT_THAT(b->heard_of<Abort>(), only(epoch));
  EXPECT_THAT(a->heard_of<Stop>(), IsEmpty());
  EXPECT_THAT(a->heard_of<Restore>(), IsEmpty());
}

TEST_F(RollbackCrash, InRestoreLeadsForwardUnderTheSameEpoch) {
  const auto epoch = kill_at<Restore>();
  ASSERT_TRUE(becomes_true(op::kRollbacks, "back", "Released"));
  EXPECT_EQ(epoch_of(read(op::kRollbacks, "back").value()), value(epoch));
  EXPECT_THAT(b->heard_of<Restore>(), only(epoch));
  EXPECT_GE(b->heard_of<Restore>().size(), 2U);
  EXPECT_EQ(b->heard_of<Prepare>().size(), 1U);
  EXPECT_GE(b->heard_of<Stop>().size(), 2U) << "the successor asks once more what Restore says";
  EXPECT_THAT(b->heard_of<Abort>(), IsEmpty());
}

TEST_F(RollbackCrash, InReleaseLeadsToReleaseAgain) {
  const auto epoch = kill_at<Release>();
  ASSERT_TRUE(becomes_true(op::kRollbacks, "back", "Released"));
  EXPECT_THAT(b->heard_of<Release>(), only(epoch));
  EXPECT_EQ(b->heard_of<Restore>().size(), 1U);
}

}  // namespace
}  // namespace cutline::test
