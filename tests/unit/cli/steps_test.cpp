#include "cli/steps.hpp"

#include <gmock/gmock.h>

#include "protocol/line.hpp"
#include "tests/unit/cli/samples.hpp"

namespace cutline::cli {
namespace {

using Kind = State::Kind;

Way way(const std::string& pod, const std::string& because) {
  return {.pod = pod, .uid = {}, .because = because, .restored = {}, .from = {}, .to = {Kind::Checkpoint, 1}};
}

TEST(ACascade, IsReadInTheOrderInWhichOneStepCausedTheNext) {
  const auto steps = cascade(samples::domino().rollbacks.front().plan);
  ASSERT_EQ(steps.size(), 8U);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    EXPECT_EQ(steps[i].pod, i % 2 == 0 ? "p-2" : "p-1") << i;
    EXPECT_EQ(steps[i].round, i) << i;
  }
  EXPECT_EQ(steps[0].peer, "");
  EXPECT_EQ(steps[0].because, "its application is not alive");
  EXPECT_EQ(steps[7].to, (State{Kind::Start, 0}));
}

TEST(AStep, KnowsWhoseStateAskedForIt) {
  const auto orphan = cascade({way("a",
                                   "a goes back from checkpoint 2 to checkpoint 1: it has received 1 byte on 1.1.1.1:1 "
                                   "- 2.2.2.2:2 and 3 more that b-1 has not sent at its start")});
  ASSERT_EQ(orphan.size(), 1U);
  EXPECT_EQ(orphan[0].peer, "b-1");
  EXPECT_EQ(orphan[0].peer_at, (State{Kind::Start, 0}));
  EXPECT_EQ(orphan[0].amount, 1U);
  EXPECT_EQ(orphan[0].from, (State{Kind::Checkpoint, 2}));
  const auto peer = [](const std::string& cause) {
    const auto steps = cascade({way("a", "a goes back from its present state to checkpoint 1: " + cause)});
    return steps.front().peer + " " + show(steps.front().peer_at);
  };
  EXPECT_EQ(peer("it has handed over 7 bytes on 1.1.1.1:1 - 2.2.2.2:2 that b has not got at checkpoint 4"),
            "b checkpoint 4");
  EXPECT_EQ(peer("its connection 1.1.1.1:1 - 2.2.2.2:2 cannot be resumed with b at checkpoint 4"), "b checkpoint 4");
  EXPECT_EQ(peer("1.1.1.1:1 - 2.2.2.2:2 was used more than once, and may have brought it something that b has not sent "
                 "or got at its start"),
            "b start");
  EXPECT_EQ(peer("not all connections that closed were seen, and it may depend on what b did after checkpoint 2"),
            "b checkpoint 2");
}

TEST(EverySentenceOfTheEngine, IsUnderstood) {
  using protocol::Move;
  const auto name = [](const PodUid& uid) { return uid.value; };
  for (const auto cause : {Move::Cause::Orphan, Move::Cause::Loss, Move::Cause::NotResumable, Move::Cause::Unsure,
                           Move::Cause::Unobserved})
    for (const bool datagrams : {false, true})
      for (const std::uint64_t index : {0U, 4U}) {
        Move move;
        move.who = {"a-1"};
        move.from = {protocol::Point::Kind::Present, {}};
        move.to = {protocol::Point::Kind::Checkpoint, CheckpointIndex{2}};
        move.cause = cause;
        move.peer = {"b-2"};
        if (index != 0) move.peer_at = {protocol::Point::Kind::Checkpoint, CheckpointIndex{index}};
        move.connection = {{"fd00::1", 80}, {"fd00::2", 4000}};
        move.amount = 12;
        move.connections = 3;
        move.datagrams = datagrams;
        const auto sentence = protocol::sentence(move, name);
        const auto steps = cascade({way("a-1", sentence)});
        ASSERT_EQ(steps.size(), 1U);
        EXPECT_EQ(steps[0].from, (State{Kind::Present, 0})) << sentence;
        EXPECT_EQ(steps[0].to, (State{Kind::Checkpoint, 2})) << sentence;
        EXPECT_EQ(steps[0].peer, "b-2") << sentence;
        EXPECT_EQ(steps[0].peer_at, (index == 0 ? State{Kind::Start, 0} : State{Kind::Checkpoint, index})) << sentence;
      }
}

TEST(TwoSentencesOfTheEngine, AreTwoSteps) {
  protocol::Move first, second;
  first.who = second.who = {"a"};
  first.from = {protocol::Point::Kind::Present, {}};
  first.to = second.from = {protocol::Point::Kind::Checkpoint, CheckpointIndex{2}};
  second.cause = protocol::Move::Cause::Asked;
  const auto name = [](const PodUid& uid) { return uid.value; };
  EXPECT_EQ(cascade({way("a", protocol::sentence(first, name) + "; " + protocol::sentence(second, name))}).size(), 2U);
}

TEST(AReasonInOtherWords, IsOneStepOfThePlanAsItIs) {
  const auto steps = cascade({way("a", "the snapshot was named")});
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].because, "the snapshot was named");
  EXPECT_EQ(steps[0].to, (State{Kind::Checkpoint, 1}));
  EXPECT_EQ(steps[0].round, 0U);
}

}  // namespace
}  // namespace cutline::cli
