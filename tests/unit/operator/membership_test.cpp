// Who takes part in a round; and the sentence when somebody cannot.
#include "operator/pods/membership.hpp"

#include <gmock/gmock.h>

#include "operator/api/resources.hpp"
#include "tests/unit/operator/samples.hpp"

namespace cutline::op {
namespace {

using namespace samples;
using testing::HasSubstr;

const Selector kLedger{{{"app", "ledger"}}, {}};

Error refusal(const Pod& one) {
  auto pods = ledgers(2);
  pods.push_back(one);
  const auto planned = plan_members(kLedger, pods);
  if (planned) throw std::runtime_error("it was planned");
  return planned.error();
}

TEST(Membership, IsAllPodsThatTheSelectorFinds) {
  auto pods = ledgers(3);
  pods.push_back(pod("web-0", "10.0.0.9", "web"));
  const auto planned = plan_members(kLedger, pods);
  ASSERT_TRUE(planned);
  EXPECT_EQ(planned->size(), 3U);
  EXPECT_FALSE(planned->contains(PodUid{"web-0-uid"}));
}

TEST(Membership, LeavesOutPodsThatAreEnding) {
  auto pods = ledgers(3);
  pods[2].ending = true;
  EXPECT_EQ(plan_members(kLedger, pods)->size(), 2U);
}

TEST(Membership, NeedsTheUserWhenAPodDoesNotAskToTakePart) {
  auto stranger = pod("ledger-9", "10.0.0.9");
  stranger.asks = false;
  EXPECT_EQ(refusal(stranger).code, Code::Invalid);
  EXPECT_THAT(refusal(stranger).message,
              HasSubstr("pod ledger-9 is selected but does not take part: give its template the label"));
}

TEST(Membership, NeedsTheUserWhenAPodIsOlderThanItsLabel) {
  auto older = pod("ledger-9", "10.0.0.9");
  older.injected = false;
  EXPECT_EQ(refusal(older).code, Code::Invalid);
  EXPECT_THAT(refusal(older).message, HasSubstr("delete it, so that it is made anew"));
}

TEST(Membership, WaitsForASidecarThatIsNotReady) {
  auto starting = pod("ledger-9", "10.0.0.9");
  starting.sidecar_ready = false;
  EXPECT_EQ(refusal(starting).code, Code::Unavailable);
  auto without_address = pod("ledger-9", "10.0.0.9");
  without_address.addresses.clear();
  EXPECT_EQ(refusal(without_address).code, Code::Unavailable);
  EXPECT_THAT(refusal(without_address).message, HasSubstr("pod ledger-9: its sidecar is not ready yet"));
}

TEST(Membership, WaitsForAContainerThatIsNotRunning) {
  auto crashed = pod("ledger-9", "10.0.0.9");
  crashed.not_running = {"ledger"};
  EXPECT_EQ(refusal(crashed).code, Code::Unavailable);
  EXPECT_THAT(refusal(crashed).message, HasSubstr("pod ledger-9: container ledger is not running"));
}

TEST(Membership, OfNobodySaysWhichSelectorFoundNobody) {
  const auto planned = plan_members(Selector{{{"app", "legder"}}, {}}, ledgers(2));
  EXPECT_EQ(planned.error().code, Code::NotFound);
  EXPECT_THAT(planned.error().message, HasSubstr("app=legder"));
}

TEST(APeer, IsReachedAtThePodsFirstAddressOnTheControlPort) {
  const auto peer = peer_of(pod("ledger-0", "10.0.0.1"));
  EXPECT_EQ(peer.uid, PodUid{"ledger-0-uid"});
  EXPECT_EQ(peer.address, "10.0.0.1");
  EXPECT_EQ(peer.port, kControlPort);
}

TEST(AMessage, NamesPodsAsPeopleKnowThem) {
  const auto told =
      with_names({Code::Timeout, "not acknowledged in time by pod ledger-0-uid, ledger-1-uid (again: ledger-0-uid)"},
                 members(ledgers(2)));
  EXPECT_EQ(told.code, Code::Timeout);
  EXPECT_EQ(told.message, "not acknowledged in time by pod ledger-0, ledger-1 (again: ledger-0)");
}

}  // namespace
}  // namespace cutline::op
