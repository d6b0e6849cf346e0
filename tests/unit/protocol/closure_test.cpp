#include "protocol/closure.hpp"

#include <gmock/gmock.h>

#include "story.hpp"

namespace cutline::protocol {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;
using Reason = Membership::Reason;

const PodUid a{"a"}, b{"b"}, c{"c"}, d{"d"};

std::vector<Candidate> candidates(const std::string& names) {
  std::vector<Candidate> out;
  for (const auto name : names)
    out.push_back({Story::uid(name), {Story::address(name)}, std::vector<std::string>{"10.96.0.1"}});
  return out;
}

History history(Story& story, char name, std::size_t last = 1) {
  auto saved = story.checkpoints(name);
  if (saved.size() > last) saved.erase(saved.begin(), saved.end() - static_cast<long>(last));
  return {std::move(saved), story.state(name)};
}

std::map<PodUid, History> asked(Story& story, const std::string& names) {
  std::map<PodUid, History> out;
  for (const auto name : names) out.emplace(Story::uid(name), history(story, name));
  return out;
}

// As a coordinator does it: ask, look, ask.
Closure discover(Story& story, ClosureRule rule, const std::string& all,
                 std::vector<std::set<PodUid>>* levels = nullptr) {
  std::map<PodUid, History> so_far;
  for (;;) {
    auto found = closure(a, rule, candidates(all), so_far);
    if (found.complete()) return found;
    if (levels != nullptr) levels->push_back(found.ask);
    for (const auto& pod : found.ask) so_far.emplace(pod, history(story, pod.value.front()));
  }
}

// a sends to b, b to c; d keeps to itself.
Story a_chain() {
  Story story;
  for (const char peer : {'b', 'c', 'd'}) story.message('a', peer);
  story.message('b', 'c');
  story.snapshot("abcd", 1);
  story.message('a', 'b');
  story.message('b', 'c');
  return story;
}

// "Step 2 is repeated until all processes have been identified"
TEST(AClosure, IsFoundLevelByLevel) {
  auto story = a_chain();
  std::vector<std::set<PodUid>> levels;
  const auto found = discover(story, ClosureRule::Paper, "abcd", &levels);
  EXPECT_THAT(found.members,
              UnorderedElementsAre(Pair(a, Membership{Reason::Initiator, a}), Pair(b, Membership{Reason::SentTo, a}),
                                   Pair(c, Membership{Reason::SentTo, b})));
  EXPECT_THAT(levels.front(), ElementsAre(a));
  EXPECT_THAT(found.orphans, IsEmpty());
}

TEST(AClosure, OfAnInitiatorThatSentNothingIsItself) {
  auto story = a_chain();
  story.snapshot("abcd", 2);
  EXPECT_EQ(discover(story, ClosureRule::Consistent, "abcd").members.size(), 1U);
}

TEST(ThePapersClosure, ReportsWhatAPodOutsideHasSentIn) {
  auto story = a_chain();
  story.message('d', 'a', 7);
  const auto found = discover(story, ClosureRule::Paper, "abcd");
  EXPECT_FALSE(found.members.contains(d));
  ASSERT_EQ(found.orphans.size(), 1U);
  EXPECT_EQ(found.orphans[0].sender, d);
  EXPECT_EQ(found.orphans[0].receiver, a);
  EXPECT_EQ(found.orphans[0].bytes, 7U);
}

TEST(TheConsistentClosure, TakesInWhoeverAMemberReceivedFrom) {
  auto story = a_chain();
  story.message('d', 'a', 7);
  const auto found = discover(story, ClosureRule::Consistent, "abcd");
  EXPECT_EQ(found.members.at(d), (Membership{Reason::ReceivedFrom, a}));
  EXPECT_THAT(found.orphans, IsEmpty());
}

TEST(AClosure, ContainsAllWhenAMemberDidNotSeeAllThatItDid) {
  auto story = a_chain();
  story.blind('b');
  const auto found = discover(story, ClosureRule::Paper, "abcd");
  EXPECT_EQ(found.members.at(d), (Membership{Reason::NotObserved, b}));
}

TEST(AClosure, SeesConnectionsThatBeganAndEndedSince) {
  Story story;
  story.snapshot("ab", 1);
  story.message('a', 'b');
  story.close('a', 'b');
  story.close('b', 'a');
  EXPECT_TRUE(discover(story, ClosureRule::Paper, "ab").members.contains(b));
}

TEST(AClosure, FindsThePodBehindAServiceByWhatItShows) {
  Story story;
  story.snapshot("abc", 1);
  story.through("10.96.0.1");
  story.message('a', 'c');
  std::vector<std::set<PodUid>> levels;
  const auto found = discover(story, ClosureRule::Paper, "abc", &levels);
  EXPECT_EQ(found.members.at(c), (Membership{Reason::SentTo, a}));
  EXPECT_FALSE(found.members.contains(b));
  EXPECT_THAT(found.external, IsEmpty());
  EXPECT_EQ(levels[1], (std::set<PodUid>{b, c}));  // either may be behind it
}

TEST(AClosure, NamesPeersOutsideAndDoesNotFollowThem) {
  Story story;
  story.checkpoint('a');
  story.outside('a');
  const auto found = discover(story, ClosureRule::Consistent, "a");
  ASSERT_EQ(found.external.size(), 1U);
  EXPECT_EQ(found.external[0].counters.remote.address, "192.0.2.1");
}

TEST(AClosure, CountsDatagrams) {
  Story story;
  story.snapshot("abc", 1);
  story.datagram('a', 'b');
  story.datagram('c', 'b');
  EXPECT_EQ(discover(story, ClosureRule::Paper, "abc").members.size(), 2U);
  EXPECT_EQ(discover(story, ClosureRule::Consistent, "abc").members.at(c), (Membership{Reason::ReceivedFrom, b}));
}

TEST(AFullClosure, IsEverybody) {
  auto story = a_chain();
  const auto found = discover(story, ClosureRule::Full, "abcd");
  EXPECT_EQ(found.members.size(), 4U);
  EXPECT_EQ(found.members.at(d), (Membership{Reason::Full, a}));
}

// Traffic went on between discovery and trigger: "A new name extends the set, with the gates still closed, until
// nothing is new".
TEST(AClosure, GrowsAtTheCutByWhatWasSentMeanwhile) {
  auto story = a_chain();
  auto so_far = asked(story, "abc");
  ASSERT_EQ(closure(a, ClosureRule::Paper, candidates("abcd"), so_far).members.size(), 3U);
  story.message('c', 'd');
  so_far.at(c).present = story.state('c');  // as c acknowledges it
  const auto found = closure(a, ClosureRule::Paper, candidates("abcd"), so_far);
  EXPECT_EQ(found.members.at(d), (Membership{Reason::SentTo, c}));
  EXPECT_THAT(found.ask, ElementsAre(d));
}

}  // namespace
}  // namespace cutline::protocol
