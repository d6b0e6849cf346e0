// What an incremental snapshot consists of, told step by step.
#include "protocol/composition.hpp"

#include <gtest/gtest.h>

#include "story.hpp"

namespace cutline::protocol {
namespace {

// `members` are saved now, in one round; the others stay as they are.
Composition after(Story& story, const std::string& members) {
  std::vector<PodHistory> pods;
  for (auto& pod : story.after_failure_of("")) {
    pods.push_back(std::move(pod.pod));
    auto& history = pods.back().history;
    const auto now = *history.present;
    if (members.find(pods.back().uid.value) != std::string::npos) history = at_the_cut(std::move(history), now);
  }
  return compose(pods);
}

std::optional<CheckpointIndex> last(const Composition& of, Story::Name pod) {
  const auto& found = of.last.at(Story::uid(pod));
  return found ? std::optional{found->index} : std::nullopt;
}

TEST(AnIncrementalSnapshot, IsItsMembersNewCheckpointsAndTheLastOnesOfTheOthers) {
  Story story;
  story.connect('a', 'c');
  story.message('a', 'b');
  story.snapshot("abc", 1);
  story.message('a', 'b');
  const auto found = after(story, "ab");
  EXPECT_TRUE(found.consistent());
  EXPECT_EQ(last(found, 'a'), CheckpointIndex{2});
  EXPECT_EQ(last(found, 'b'), CheckpointIndex{2});
  EXPECT_EQ(last(found, 'c'), CheckpointIndex{1});
  EXPECT_TRUE(found.close.empty()) << "all that is open goes on";
}

TEST(AnIncrementalSnapshot, IsNoStateOfAllIfOneOfThemWasNeverSaved) {
  Story story;
  story.message('a', 'b');
  story.connect('a', 'c');
  const auto found = after(story, "ab");
  EXPECT_EQ(found.never_saved, Story::uid('c'));
  EXPECT_FALSE(found.consistent());
}

TEST(AnIncrementalSnapshot, IsNoStateOfAllIfWhatWasInTransitThenHasArrivedSince) {
  Story story;
  story.message('a', 'b');
  story.connect('a', 'c');
  story.send('a', 'c', 10);
  story.snapshot("abc", 1);
  story.receive('c', 'a', 10);
  story.acknowledge('a', 'c');  // a sends it no more, and c's last checkpoint does not have it
  story.message('a', 'b');
  const auto found = after(story, "ab");
  ASSERT_FALSE(found.consistent());
  EXPECT_EQ(found.moves.front().who, Story::uid('a'));
  EXPECT_EQ(found.moves.front().cause, Move::Cause::Loss);
  EXPECT_EQ(found.moves.front().amount, 10U);
}

TEST(AnIncrementalSnapshot, OfWhichClosurePaperLeavesAnOrphanIsNoStateOfAll) {
  Story story;
  story.message('a', 'b');
  story.message('c', 'b');
  story.snapshot("abc", 1);
  story.message('a', 'b');
  story.message('c', 'b');
  const auto found = after(story, "ab");
  ASSERT_FALSE(found.consistent());
  EXPECT_EQ(found.moves.front().who, Story::uid('b'));
  EXPECT_EQ(found.moves.front().cause, Move::Cause::Orphan);
}

TEST(AnIncrementalSnapshot, SaysWhatIsClosedWhenAllGoBackToIt) {
  Story story;
  story.connect('a', 'c');
  story.snapshot("ac", 1);
  story.outside('a');
  const auto found = after(story, "a");
  ASSERT_TRUE(found.consistent());
  ASSERT_EQ(found.close.size(), 1U);
  EXPECT_EQ(found.close.at(Story::uid('a')).front().why, Closing::Why::Outside);
}

}  // namespace
}  // namespace cutline::protocol
