// What a pod's sidecar is told to do by itself.
#include "operator/policy/orders.hpp"

#include <gtest/gtest.h>

#include "tests/unit/operator/samples.hpp"

namespace cutline::op::policy {
namespace {

const Pod kPod = samples::pod("ledger-0", "10.0.0.1");

Json policy(const std::string& name, const Json& spec) {
  auto out = samples::policy();
  out["metadata"]["name"] = name;
  out["spec"].merge_patch(spec);
  return out;
}

Json independent(const std::string& interval) {
  return {{"protocol", "Independent"}, {"deadline", "3s"}, {"independent", {{"interval", interval}, {"jitter", "1s"}}}};
}

TEST(APodsOrders, AreNoneWhereNoPolicyWantsAny) {
  const auto orders = orders_for(kPod, {policy("a", Json::object())});
  EXPECT_FALSE(orders.independent);
  EXPECT_EQ(orders.grace, Millis{0});
}

TEST(APodsOrders, SayHowOftenAPodOfAnIndependentWorkloadSavesItself) {
  const auto orders = orders_for(kPod, {policy("a", independent("10s"))});
  ASSERT_TRUE(orders.independent);
  EXPECT_EQ(orders.independent->interval, Millis{10'000});
  EXPECT_EQ(orders.independent->jitter, Millis{1'000});
  EXPECT_EQ(orders.independent->hold, Millis{3'000});
}

TEST(APodsOrders, OfTwoPoliciesDoNotDependOnTheirOrder) {
  const auto first = policy("a", independent("10s"));
  const auto second = policy("b", independent("20s"));
  EXPECT_EQ(orders_for(kPod, {second, first}).independent->interval, Millis{10'000});
}

TEST(APodsOrders, KeepItsContainerUpWhereRecoveryIsAutomatic) {
  EXPECT_EQ(orders_for(kPod, {policy("a", {{"recovery", {{"mode", "Automatic"}}}})}).grace, kGrace);
}

TEST(APodsOrders, LeaveOutPoliciesOfOtherPodsAndThoseThatGo) {
  auto others = policy("a", independent("10s"));
  others["spec"]["selector"] = {{"matchLabels", {{"app", "other"}}}};
  auto going = policy("b", independent("10s"));
  going["metadata"]["deletionTimestamp"] = samples::kNow;
  EXPECT_FALSE(orders_for(kPod, {others, going}).independent);
}

}  // namespace
}  // namespace cutline::op::policy
