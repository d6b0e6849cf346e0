#include "protocol/collect.hpp"

#include <gmock/gmock.h>

#include "story.hpp"

namespace cutline::protocol {
namespace {

using testing::ElementsAre;

std::vector<PodHistory> histories(Story& story) {
  std::vector<PodHistory> out;
  for (auto& pod : story.after_failure_of("")) out.push_back(std::move(pod.pod));
  return out;
}

constexpr LineOptions allow{Lost::Allow, false};
const CheckpointIndex first{1}, second{2};

TEST(ACollection, DropsWhatIsOlderThanTheNewestLine) {
  Story story;
  story.message('a', 'b');
  story.snapshot("ab", 1);
  story.message('a', 'b');
  story.snapshot("ab", 2);
  const auto found = collect(histories(story), allow);
  EXPECT_THAT(found.drop.at(Story::uid('a')), ElementsAre(first));
  EXPECT_THAT(found.drop.at(Story::uid('b')), ElementsAre(first));
}

TEST(ACollection, KeepsAnOldCheckpointThatAFailureWouldNeed) {
  Story story;
  story.message('a', 'b');
  story.snapshot("ab", 1);
  story.message('a', 'b');
  story.checkpoint('b');  // has what a would not have sent
  EXPECT_TRUE(collect(histories(story), allow).drops_nothing());
}

TEST(ACollection, DropsAUselessCheckpoint) {
  Story story;
  story.snapshot("ab", 1);
  story.message('a', 'b');
  story.checkpoint('b');  // b2, on a zigzag cycle
  story.message('b', 'a');
  story.checkpoint('a');
  story.message('a', 'b');
  story.checkpoint('b');  // b3
  const auto found = collect(histories(story), allow);
  ASSERT_TRUE(found.drop.contains(Story::uid('b')));
  EXPECT_THAT(found.drop.at(Story::uid('b')), ElementsAre(second));
}

TEST(ACollection, KeepsWhatIsPinned) {
  Story story;
  story.snapshot("ab", 1);
  story.snapshot("ab", 2);
  const auto found = collect(histories(story), allow, {{Story::uid('a'), {first}}});
  EXPECT_FALSE(found.drop.contains(Story::uid('a')));
  EXPECT_TRUE(found.drop.contains(Story::uid('b')));
}

TEST(ACollection, RemembersWhichConnectionsHadClosedIfTheOtherEndStillMatters) {
  Story story;
  story.connect('a', 'b');
  story.message('a', 'b');
  story.snapshot("ab", 1);
  story.close('a', 'b');
  story.checkpoint('a');
  story.checkpoint('a');  // a3; b's end has been open all the time
  const auto found = collect(histories(story), allow);
  ASSERT_THAT(found.drop.at(Story::uid('a')), ElementsAre(first, second));
  const auto& kept = found.keep.at(Story::uid('a'));
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].closed.size(), 1U);
  EXPECT_EQ(kept[0].parent, CheckpointIndex{});
}

}  // namespace
}  // namespace cutline::protocol
