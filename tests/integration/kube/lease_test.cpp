// One leader at a time, and epochs that a former leader cannot draw.
#include "kube/lease.hpp"

#include <atomic>

#include "tests/integration/kube/fixture.hpp"

namespace cutline::test {
namespace {

using kube::Json;
using kube::LeaderElection;

struct ALease : KubeTest {
  // Long enough that a busy machine does not lose it by itself.
  kube::LeaseOptions options(const std::string& identity) const {
    return {ns, "operator", identity, Millis{6'000}, Millis{5'000}, Millis{200}};
  }
  std::unique_ptr<LeaderElection> candidate(const std::string& identity, LeaderElection::Callbacks callbacks = {}) {
    return std::make_unique<LeaderElection>(*client, options(identity), std::move(callbacks));
  }
  std::string holder() const {
    return kube::string_at(client->get(leases, key("operator"), soon()).value_or(Json{}), "/spec/holderIdentity");
  }
  // As a rival would that is not hindered by any rule.
  void usurp(const std::string& identity) {
    const auto lease = client->get(leases, key("operator"), soon()).value_or(Json{});
    const auto next = lease["spec"]["leaseTransitions"].get<int>() + 1;
    const auto taken = client->merge_patch(
        leases, key("operator"), {{"spec", {{"holderIdentity", identity}, {"leaseTransitions", next}}}}, soon());
    ASSERT_TRUE(taken) << taken.error().message;
  }
};

TEST_F(ALease, GoesToTheFirstAndStaysThere) {
  const auto first = candidate("first");
  ASSERT_TRUE(first->wait_leader(soon()));
  const auto second = candidate("second");
  EXPECT_FALSE(second->wait_leader(Deadline::after(Millis{7'000})));
  EXPECT_TRUE(first->is_leader());
  EXPECT_EQ(holder(), "first");
}

TEST_F(ALease, GivenBackIsTakenAtOnce) {
  std::atomic<int> lost = 0;
  auto first = candidate("first", {{}, [&] { ++lost; }});
  ASSERT_TRUE(first->wait_leader(soon()));
  const auto second = candidate("second");
  first.reset();
  EXPECT_EQ(lost, 1);
  EXPECT_TRUE(second->wait_leader(soon()));
  EXPECT_EQ(holder(), "second");
}

TEST_F(ALease, OfADeadHolderIsTakenAfterItsDurationAndNotBefore) {
  must_create(leases, {{"apiVersion", "coordination.k8s.io/v1"},
                       {"kind", "Lease"},
                       {"metadata", {{"namespace", ns}, {"name", "operator"}}},
                       {"spec", {{"holderIdentity", "dead"}, {"leaseDurationSeconds", 2}, {"leaseTransitions", 4}}}});
  const auto began = std::chrono::steady_clock::now();
  const auto second = candidate("second");
  ASSERT_TRUE(second->wait_leader(soon()));
  EXPECT_GE(std::chrono::steady_clock::now() - began, Millis{2'000});
  const auto lease = client->get(leases, key("operator"), soon()).value_or(Json{});
  EXPECT_EQ(lease["spec"]["leaseTransitions"], 5);
}

TEST_F(ALease, TakenByAnotherEndsTheTermAndSaysSoOnce) {
  std::atomic<int> started = 0, lost = 0;
  const auto first = candidate("first", {[&] { ++started; }, [&] { ++lost; }});
  ASSERT_TRUE(first->wait_leader(soon()));
  usurp("rival");
  EXPECT_TRUE(eventually([&] { return lost == 1; }, soon()));
  EXPECT_EQ(started, 1);
  EXPECT_FALSE(first->is_leader());
}

TEST_F(ALease, DrawsEpochsThatOnlyGrow) {
  const auto leader = candidate("first");
  ASSERT_TRUE(leader->wait_leader(soon()));
  std::uint64_t last = 0;
  for (int n = 0; n < 20; ++n) {
    const auto epoch = leader->next_epoch(soon());
    ASSERT_TRUE(epoch) << epoch.error().message;
    EXPECT_EQ(*epoch, last + 1);
    last = *epoch;
  }
  EXPECT_EQ(leader->next_epoch(soon(), 100).value_or(0), 101U);
  EXPECT_TRUE(leader->is_leader());
}

TEST_F(ALease, EpochsGoOnUnderTheNextLeader) {
  auto first = candidate("first");
  ASSERT_TRUE(first->wait_leader(soon()));
  ASSERT_EQ(first->next_epoch(soon()).value_or(0), 1U);
  ASSERT_EQ(first->next_epoch(soon()).value_or(0), 2U);
  first.reset();
  const auto second = candidate("second");
  ASSERT_TRUE(second->wait_leader(soon()));
  EXPECT_EQ(second->next_epoch(soon()).value_or(0), 3U);
}

// The old leader does not know yet: its own clock says that the term goes on.
TEST_F(ALease, AFencedLeaderDrawsNoEpoch) {
  auto slow = options("old");
  slow.retry_period = Millis{4'900};
  LeaderElection old{*client, slow, {}};
  ASSERT_TRUE(old.wait_leader(soon()));
  ASSERT_EQ(old.next_epoch(soon()).value_or(0), 1U);
  usurp("rival");
  const auto refused = old.next_epoch(soon());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Conflict);
  const auto lease = client->get(leases, key("operator"), soon()).value_or(Json{});
  EXPECT_EQ(lease["metadata"]["annotations"][kube::epoch_annotation], "1");
}

// The same process name came back: another term, so the epochs of the one before are fenced as well.
TEST_F(ALease, AnEarlierTermOfTheSameNameIsFencedToo) {
  auto slow = options("same");
  slow.retry_period = Millis{4'900};
  LeaderElection old{*client, slow, {}};
  ASSERT_TRUE(old.wait_leader(soon()));
  usurp("same");
  const auto refused = old.next_epoch(soon());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Conflict);
}

TEST_F(ALease, WithoutTheServerIsGivenUpBeforeOthersMayTakeIt) {
  std::atomic<int> lost = 0;
  const auto leader = candidate("first", {{}, [&] { ++lost; }});
  ASSERT_TRUE(leader->wait_leader(soon()));
  server().kill_api_server();
  const auto cut = std::chrono::steady_clock::now();
  EXPECT_TRUE(eventually([&] { return !leader->is_leader(); }, soon()));
  EXPECT_LT(std::chrono::steady_clock::now() - cut, options("first").lease_duration);
  EXPECT_TRUE(eventually([&] { return lost == 1; }, soon()));
  const auto restarted = server().start_api_server(Deadline::after(Millis{120'000}));
  ASSERT_TRUE(restarted) << restarted.error().message;
}

}  // namespace
}  // namespace cutline::test
