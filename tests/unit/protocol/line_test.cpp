#include "protocol/line.hpp"

#include <gmock/gmock.h>

#include "story.hpp"

namespace cutline::protocol {
namespace {

using testing::ElementsAre;
using Cause = Move::Cause;
using Why = Closing::Why;

constexpr LineOptions allow{Lost::Allow, false}, forbid{Lost::Forbid, false}, restart{Lost::Allow, true};
const Point start{}, present{Point::Kind::Present, {}};
Point saved(std::uint64_t index) { return {Point::Kind::Checkpoint, CheckpointIndex{index}}; }

Line line_of(const std::vector<LinePod>& pods, const LineOptions& options) {
  auto found = recovery_line(pods, options);
  if (const auto* none = std::get_if<NoLine>(&found)) {
    ADD_FAILURE() << sentence(*none, [](const PodUid& pod) { return pod.value; });
    return {};
  }
  return std::get<Line>(std::move(found));
}

Point at(const Line& line, char pod) { return line.points.at(Story::uid(pod)); }

std::vector<std::string> told(const std::vector<Move>& moves) {
  std::vector<std::string> out;
  for (const auto& move : moves) out.push_back(sentence(move, [](const PodUid& pod) { return "P" + pod.value; }));
  return out;
}

// The text's own figure: two processes whose checkpoints never fit together, and a message between each two of them.
Story two_processes_that_cascade() {
  Story story;
  story.message('b', 'a');
  story.checkpoint('a');
  story.message('a', 'b');
  story.checkpoint('b');
  story.message('b', 'a');
  story.checkpoint('a');
  story.message('a', 'b');
  story.checkpoint('b');
  story.message('b', 'a');
  return story;
}

// "When P2 crashes, we need to restore its state to the most recently saved checkpoint. As a consequence, P1 will also
// need to be rolled back. If both local checkpoint states do not form a consistent global state, they both will have to
// be rolled back further"
TEST(TheDominoEffect, TakesTwoProcessesBackToTheirStart) {
  const auto line = line_of(two_processes_that_cascade().after_failure_of("b"), restart);
  EXPECT_EQ(at(line, 'a'), start);
  EXPECT_EQ(at(line, 'b'), start);
  EXPECT_EQ(line.domino_depth, 2U);
  EXPECT_EQ(line.rounds, 5U);
  EXPECT_THAT(told(line.moves),
              ElementsAre("Pb goes back from its present state to checkpoint 2: its application is not alive",
                          "Pa goes back from its present state to checkpoint 2: it has received 10 bytes on "
                          "10.0.0.1:80 - 10.0.0.2:40097 "
                          "that Pb has not sent at checkpoint 2",
                          "Pb goes back from checkpoint 2 to checkpoint 1: it has received 10 bytes on 10.0.0.2:40097 "
                          "- 10.0.0.1:80 that Pa "
                          "has not sent at checkpoint 2",
                          "Pa goes back from checkpoint 2 to checkpoint 1: it has received 10 bytes on 10.0.0.1:80 - "
                          "10.0.0.2:40097 that Pb "
                          "has not sent at checkpoint 1",
                          "Pb goes back from checkpoint 1 to its start: it has received 10 bytes on 10.0.0.2:40097 - "
                          "10.0.0.1:80 that Pa has "
                          "not sent at checkpoint 1",
                          "Pa goes back from checkpoint 1 to its start: it has received 10 bytes on 10.0.0.1:80 - "
                          "10.0.0.2:40097 that Pb has "
                          "not sent at its start"));
}

TEST(TheRecoveryLine, IsNotMistakenAboutAConnectionOfWhichAnEarlierRollbackLostBytes) {
  Story story;
  story.message('a', 'b', 100);
  story.lose('b', 'a', 30);
  story.close('a', 'b');
  story.close('b', 'a');
  story.checkpoint('a');
  story.checkpoint('b');
  const auto line = line_of(story.after_failure_of("a"), allow);
  EXPECT_EQ(at(line, 'a'), saved(1));
  EXPECT_EQ(at(line, 'b'), present);
}

TEST(TheDominoEffect, IsRefusedWhereNoPodMayStartAfresh) {
  const auto found = recovery_line(two_processes_that_cascade().after_failure_of("b"), allow);
  ASSERT_TRUE(std::holds_alternative<NoLine>(found));
  const auto& none = std::get<NoLine>(found);
  EXPECT_EQ(none.who, Story::uid('b'));
  EXPECT_EQ(none.moves.size(), 5U);
  EXPECT_EQ(sentence(none, [](const PodUid& pod) { return "P" + pod.value; }),
            "no recovery line: Pb has no checkpoint that fits; at checkpoint 1 it has received 10 bytes on "
            "10.0.0.2:40097 - 10.0.0.1:80 "
            "that Pa has not sent at checkpoint 1");
}

TEST(TheDominoEffect, EndsAtTheFirstStatesThatFit) {
  auto story = two_processes_that_cascade();
  story.snapshot("ab", 7);  // nothing on the wire
  story.message('a', 'b');
  const auto line = line_of(story.after_failure_of("a"), forbid);
  EXPECT_EQ(at(line, 'a'), saved(3));
  EXPECT_EQ(at(line, 'b'), saved(3));
  EXPECT_EQ(line.domino_depth, 0U);
}

// A chain of messages, each sent in the interval in which another one arrives, but before it: no message follows from
// the one before, and yet the checkpoints at its ends do not go together.
TEST(AZigzagPath, KeepsTwoCheckpointsFromBeingInOneLine) {
  Story story;
  story.snapshot("abc", 1);
  story.checkpoint('a');    // a2
  story.message('b', 'c');  // sent by b before ...
  story.message('a', 'b');  // ... it gets this one, which a sends after a2
  story.checkpoint('c');    // c2 has the first
  story.checkpoint('b');    // b2 has the second
  const auto line = line_of(story.after_failure_of("abc"), allow);
  EXPECT_EQ(at(line, 'a'), saved(2));
  EXPECT_EQ(at(line, 'b'), saved(1));  // the only one without what a has not sent at a2
  EXPECT_EQ(at(line, 'c'), saved(1));  // and so c2 cannot be kept, though no message leads from a to c
  EXPECT_THAT(line.moves.back().peer, Story::uid('b'));
}

// One that is on a zigzag cycle fits with nothing: whatever the others' states are, it is in no line.
TEST(AUselessCheckpoint, IsInNoLine) {
  Story story;
  story.snapshot("ab", 1);
  story.message('a', 'b');
  story.checkpoint('b');  // b2: has what a has not sent at a1 ...
  story.message('b', 'a');
  story.checkpoint('a');  // ... and has not sent what a2 has
  const auto line = line_of(story.after_failure_of("ab"), allow);
  EXPECT_EQ(at(line, 'a'), saved(1));
  EXPECT_EQ(at(line, 'b'), saved(1));
  story.checkpoint('b');
  const auto later = line_of(story.after_failure_of("ab"), allow);
  EXPECT_EQ(at(later, 'a'), saved(2));
  EXPECT_EQ(at(later, 'b'), saved(3));
}

TEST(ALine, LeavesAlonePodsThatNeedNotMove) {
  Story story;
  story.message('a', 'b');
  story.message('c', 'd');
  story.snapshot("abcd", 1);
  story.message('c', 'd');
  story.message('d', 'c');
  const auto line = line_of(story.after_failure_of("a"), forbid);
  EXPECT_EQ(at(line, 'a'), saved(1));
  EXPECT_EQ(at(line, 'b'), saved(1));  // its live connection cannot go on with a restored one
  EXPECT_EQ(at(line, 'c'), present);
  EXPECT_EQ(at(line, 'd'), present);
  EXPECT_TRUE(line.close.empty());
  ASSERT_EQ(line.moves.size(), 2U);
  EXPECT_EQ(line.moves[1].cause, Cause::NotResumable);
}

TEST(ALine, OfNobodyAndWithoutAFailureMovesNobody) {
  EXPECT_TRUE(line_of({}, forbid).moves_nobody());
  EXPECT_TRUE(line_of(two_processes_that_cascade().after_failure_of(""), forbid).moves_nobody());
}

TEST(ALine, ClosesBothEndsWhereOnlyOneMovedIfThatIsAllowed) {
  Story story;
  story.message('a', 'b');
  story.snapshot("ab", 1);
  story.message('b', 'a', 5);  // after its checkpoint a has received it, and never will again
  const auto line = line_of(story.after_failure_of("a"), allow);
  EXPECT_EQ(at(line, 'b'), present);
  EXPECT_EQ(line.lost_bytes, 5U);
  EXPECT_EQ(line.lost_connections, 1U);
  const Connection as_a_names_it{{"10.0.0.1", 40098}, {"10.0.0.2", 80}};
  EXPECT_THAT(line.close.at(Story::uid('a')), ElementsAre(Closing{as_a_names_it, Story::uid('b'), Why::OneMoved}));
  EXPECT_THAT(line.close.at(Story::uid('b')),
              ElementsAre(Closing{{as_a_names_it.remote, as_a_names_it.local}, Story::uid('a'), Why::OneMoved}));
}

TEST(ALoss, MovesItsSenderBackUnlessItIsAllowed) {
  Story story;
  story.connect('a', 'b');
  story.snapshot("ab", 1);
  story.checkpoint('b');
  story.message('a', 'b', 3);  // acknowledged after b2
  story.checkpoint('a');       // a2
  const auto pods = story.after_failure_of("ab");
  const auto exact = line_of(pods, forbid);
  EXPECT_EQ(at(exact, 'a'), saved(1));
  EXPECT_EQ(at(exact, 'b'), saved(2));
  EXPECT_EQ(exact.moves.back().cause, Cause::Loss);
  EXPECT_EQ(exact.moves.back().amount, 3U);
  EXPECT_EQ(exact.lost_bytes, 0U);
  const auto lossy = line_of(pods, allow);
  EXPECT_EQ(at(lossy, 'a'), saved(2));
  EXPECT_EQ(lossy.lost_bytes, 3U);
  EXPECT_EQ(lossy.close.at(Story::uid('a')).front().why, Why::Gap);
}

TEST(BytesInTransit, AreNeitherLostNorOrphans) {
  Story story;
  story.send('a', 'b', 30);
  story.receive('b', 'a', 12);
  story.snapshot("ab", 1);
  const auto line = line_of(story.after_failure_of("ab"), forbid);
  EXPECT_EQ(at(line, 'b'), saved(1));
  EXPECT_TRUE(line.close.empty());
  EXPECT_EQ(line.lost_bytes, 0U);
}

TEST(AClosedConnection, IsNoLossWhenTheOtherEndClosedItItself) {
  Story story;
  story.message('a', 'b');
  story.close('b', 'a');
  story.snapshot("ab", 1);
  const auto line = line_of(story.after_failure_of("ab"), forbid);
  EXPECT_EQ(at(line, 'a'), saved(1));
  EXPECT_EQ(line.lost_connections, 0U);
  EXPECT_EQ(line.close.at(Story::uid('a')).front().why, Why::PeerClosed);
}

TEST(AnOrphan, IsFoundOnAConnectionThatBeganAndEndedBetweenTwoCheckpoints) {
  Story story;
  story.snapshot("ab", 1);
  story.message('a', 'b', 4);
  story.close('a', 'b');
  story.close('b', 'a');
  story.checkpoint('b');
  const auto line = line_of(story.after_failure_of("a"), allow);
  EXPECT_EQ(at(line, 'b'), saved(1));
  EXPECT_EQ(line.moves[1].amount, 4U);
}

TEST(AnOrphan, MayBeADatagram) {
  Story story;
  story.snapshot("ab", 1);
  story.datagram('a', 'b');
  const auto line = line_of(story.after_failure_of("a"), forbid);
  EXPECT_EQ(at(line, 'b'), saved(1));
  EXPECT_TRUE(line.moves[1].datagrams);
}

TEST(AnOrphan, OfAPodThatDiedBehindAServiceIsFound) {
  Story story;
  story.snapshot("ab", 1);
  story.through("10.96.0.1");
  story.message('b', 'a');
  story.message('a', 'b');  // a answers, and dies: nobody else knows that it was a
  const auto line = line_of(story.after_failure_of("a"), allow);
  EXPECT_EQ(at(line, 'b'), saved(1));
}

TEST(ALine, IsToldWhereToBegin) {
  Story story;
  story.message('a', 'b');
  story.snapshot("ab", 1);
  story.message('a', 'b');
  story.snapshot("ab", 2);
  auto pods = story.after_failure_of("");
  for (auto& pod : pods) pod.newest = CheckpointIndex{1};
  const auto line = line_of(pods, forbid);
  EXPECT_EQ(at(line, 'a'), saved(1));
  EXPECT_EQ(at(line, 'b'), saved(1));
  EXPECT_EQ(line.moves.front().cause, Cause::Asked);
}

TEST(ALine, NamesWhatItClosesToOutside) {
  Story story;
  story.outside('a');
  story.checkpoint('a');
  const auto line = line_of(story.after_failure_of("a"), forbid);
  ASSERT_EQ(line.close.at(Story::uid('a')).size(), 1U);
  EXPECT_EQ(sentence(line.close.at(Story::uid('a')).front(), [](const PodUid& pod) { return pod.value; }),
            "10.0.0.1:50000 - 192.0.2.1:443 is closed: its other end is outside of the workload");
}

TEST(ALine, DoesNotExistForAPodThatNeverSavedItsState) {
  Story story;
  story.message('a', 'b');
  const auto found = recovery_line(story.after_failure_of("a"), allow);
  ASSERT_TRUE(std::holds_alternative<NoLine>(found));
  EXPECT_EQ(sentence(std::get<NoLine>(found), [](const PodUid& pod) { return pod.value; }),
            "no recovery line: a has no checkpoint to go back to");
}

// "the safe side: depend on all"
TEST(AnIntervalThatWasNotAllSeen, DependsOnWhateverAFailedPodDid) {
  Story story;
  story.connect('a', 'b');
  story.snapshot("ab", 1);
  story.blind('b');
  story.checkpoint('b');  // b2
  const auto line = line_of(story.after_failure_of("a"), allow);
  EXPECT_EQ(at(line, 'b'), saved(1));
  EXPECT_EQ(line.moves[1].cause, Cause::Unobserved);
  story.snapshot("ab", 2);  // a cut that the gates and the proof vouch for
  EXPECT_EQ(at(line_of(story.after_failure_of("a"), allow), 'b'), present);
}

// What it may have been is over once the other has had word of what came after it.
TEST(AnIntervalThatWasNotAllSeen, IsOfNoAccountToAStateThatComesAfterIt) {
  Story story;
  story.message('a', 'b');
  story.message('b', 'c');
  story.message('c', 'a');
  story.snapshot("abc", 1);
  story.blind('b');
  story.checkpoint('b');  // b2
  story.message('b', 'c');
  story.checkpoint('c');
  story.message('c', 'a');
  story.checkpoint('a');  // a2 comes after b2, by way of c: a died later than whatever b has not seen
  const auto line = line_of(story.after_failure_of("a"), allow);
  EXPECT_EQ(at(line, 'b'), present) << testing::PrintToString(told(line.moves));
}

}  // namespace
}  // namespace cutline::protocol
