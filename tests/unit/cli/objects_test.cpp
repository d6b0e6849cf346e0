#include <gmock/gmock.h>

#include "tests/unit/cli/samples.hpp"

namespace cutline::cli {
namespace {

using Kind = State::Kind;

TEST(AState, IsReadInAllTheWaysInWhichPlansWriteIt) {
  EXPECT_EQ(parse_state("present"), (State{Kind::Present, 0}));
  EXPECT_EQ(parse_state("its present state"), (State{Kind::Present, 0}));
  EXPECT_EQ(parse_state("start"), (State{Kind::Start, 0}));
  EXPECT_EQ(parse_state("0"), (State{Kind::Start, 0}));
  EXPECT_EQ(parse_state("4"), (State{Kind::Checkpoint, 4}));
  EXPECT_EQ(parse_state("checkpoint 12"), (State{Kind::Checkpoint, 12}));
  EXPECT_EQ(parse_state("nightly-7, checkpoint 3"), (State{Kind::Checkpoint, 3}));
  EXPECT_EQ(parse_state("somewhere"), std::nullopt);
}

TEST(ARollback, IsReadWithItsPlanAndWhatItSevers) {
  auto object = samples::rollback_object({samples::way("a", "present", 3, "why")});
  object["status"]["severed"] = {{{"pod", "b"}, {"local", "10.0.0.2:1"}, {"remote", "10.0.0.1:2"}}};
  object["status"]["lost"] = {{"bytes", 5}, {"connections", 2}, {"external", 1}};
  const auto read = read_rollback(object);
  ASSERT_EQ(read.plan.size(), 1U);
  EXPECT_EQ(read.plan[0].from, (State{Kind::Present, 0}));
  EXPECT_EQ(read.plan[0].to, (State{Kind::Checkpoint, 3}));
  ASSERT_EQ(read.severed.size(), 1U);
  EXPECT_EQ(read.severed[0].pod, "b");
  EXPECT_EQ(read.lost_bytes, 5U);
  EXPECT_FALSE(read.ended());
}

TEST(AnEmptyObject, IsReadAsOneOfWhichNothingIsKnown) {
  EXPECT_EQ(read_policy(Json::object()).protocol, "Coordinated");
  EXPECT_FALSE(read_snapshot(Json::object()).ended());
  EXPECT_EQ(read_checkpoint(Json::object()).counters, std::nullopt);
  EXPECT_TRUE(read_rollback(Json::object()).plan.empty());
  EXPECT_FALSE(read_pod(Json::object()).takes_part);
}

TEST(APolicy, SelectsThePodsThatMeetAllOfItsRequirements) {
  auto object = samples::policy_object();
  object["spec"]["selector"]["matchExpressions"] = {{{"key", "tier"}, {"operator", "NotIn"}, {"values", {"test"}}},
                                                    {{"key", "old"}, {"operator", "DoesNotExist"}}};
  const auto policy = read_policy(object);
  const auto pod = [](std::map<std::string, std::string> labels) {
    return Pod{.name = "p", .labels = std::move(labels)};
  };
  EXPECT_TRUE(selects(policy, pod({{"app", "ledger"}})));
  EXPECT_TRUE(selects(policy, pod({{"app", "ledger"}, {"tier", "live"}})));
  EXPECT_FALSE(selects(policy, pod({{"app", "ledger"}, {"tier", "test"}})));
  EXPECT_FALSE(selects(policy, pod({{"app", "ledger"}, {"old", ""}})));
  EXPECT_FALSE(selects(policy, pod({{"app", "other"}})));
  EXPECT_FALSE(selects(Policy{}, pod({{"app", "ledger"}})));
}

TEST(ANamespace, SaysWhatIsThereWhenWhatIsWantedIsNot) {
  const auto ns = samples::coordinated();
  EXPECT_TRUE(ns.policy("ledger"));
  const auto missing = ns.snapshot("second");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::NotFound);
  EXPECT_THAT(missing.error().message, testing::HasSubstr("first"));
}

TEST(ANamespace, KnowsThePodsOfALineAlsoWhenTheyAreGone) {
  auto ns = samples::coordinated();
  ns.pods.erase(ns.pods.begin());
  ns.pods.push_back(read_pod(samples::pod_object("ledger-10", "10.0.0.10")));
  std::vector<std::string> names;
  for (const auto& pod : ns.members_of(ns.policies[0])) names.push_back(pod.name);
  EXPECT_THAT(names, testing::ElementsAre("ledger-0", "ledger-1", "ledger-2", "ledger-10"));
}

}  // namespace
}  // namespace cutline::cli
