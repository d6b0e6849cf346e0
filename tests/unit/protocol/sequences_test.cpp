#include "protocol/sequences.hpp"

#include <gtest/gtest.h>

namespace cutline::protocol {
namespace {

const Endpoint kClient{"10.0.0.1", 40001};
const Endpoint kServer{"10.0.0.2", 80};
const Endpoint kService{"10.96.0.9", 8080};
const PodUid a{"a"}, b{"b"};

TEST(TheEndsOfAConnection, MoveByWhatTheOtherHasToldOfWhatItSends) {
  const auto both = both_ways({{a, {{{kClient, kServer}, 0, 5}}}, {b, {{{kServer, kClient}, 0, 7}}}});
  EXPECT_EQ(both.at(a), (std::vector<Shift>{{{kClient, kServer}, 7, 5}}));
  EXPECT_EQ(both.at(b), (std::vector<Shift>{{{kServer, kClient}, 5, 7}}));
}

TEST(TheEndsOfAConnection, AreFoundBehindAService) {
  const auto both = both_ways({{a, {{{kClient, kService}, 0, 5}}}, {b, {{{kServer, kClient}, 0, 7}}}});
  EXPECT_EQ(both.at(a).front().sent, 7U);
  EXPECT_EQ(both.at(b).front().sent, 5U);
}

TEST(AnEnd, WhoseOtherEndIsNotRestoredSendsAsItDid) {
  const auto both = both_ways(
      {{a, {{{kClient, kServer}, 0, 5}, {{{"10.0.0.1", 40002}, kServer}, 3, 9}}}, {b, {{{kServer, kClient}, 0, 7}}}});
  EXPECT_EQ(both.at(a)[1].received, 9U);
  EXPECT_EQ(both.at(a)[1].sent, 3U);
}

TEST(AnEnd, ThatAServiceHadLedToANewPodNamesThatPodItself) {
  const Readdressing now{{{"10.0.0.2", "10.0.0.7"}}};
  const auto both = both_ways({{a, {{{kClient, kService}, 0, 5}}}, {b, {{{kServer, kClient}, 0, 7}}}}, {b}, now);
  EXPECT_EQ(both.at(a).front().remote, (Endpoint{"10.0.0.7", 80}));
  EXPECT_EQ(both.at(b).front().remote, Endpoint{}) << "the server knew its client all along";
}

TEST(AnEnd, ThatAServiceHadLedToStaysSoWhereBothPodsStay) {
  const auto both = both_ways({{a, {{{kClient, kService}, 0, 5}}}, {b, {{{kServer, kClient}, 0, 7}}}}, {PodUid{"c"}});
  EXPECT_EQ(both.at(a).front().remote, Endpoint{});
}

TEST(AnEnd, ThatNamedItsOtherEndDoesSoFurtherOn) {
  const Readdressing now{{{"10.0.0.2", "10.0.0.7"}}};
  const auto both = both_ways({{a, {{{kClient, kServer}, 0, 5}}}, {b, {{{kServer, kClient}, 0, 7}}}}, {b}, now);
  EXPECT_EQ(both.at(a).front().remote, Endpoint{}) << "the addresses say where it is";
}

TEST(TheEndsOfAConnection, AreFoundThoughTheirCheckpointsAreOfBeforeAndAfterAMove) {
  // a was saved when b had another address; both are called as they were when the snapshot was taken.
  const Connection old{kClient, {"10.0.0.8", 80}};
  const Readdressing names{{{"10.0.0.8", "10.0.0.2"}}};
  const auto both = both_ways({{a, {{old, 0, 5}}}, {b, {{{kServer, kClient}, 0, 7}}}}, {}, {}, {{a, names}});
  EXPECT_EQ(both.at(a), (std::vector<Shift>{{old, 7, 5}})) << "told as its checkpoint names it";
  EXPECT_EQ(both.at(b).front().sent, 5U);
}

TEST(AnEnd, ThatHadBeenLedToAPodItselfBeforeIsLedToWhereThatIsNow) {
  const Connection old{kClient, kService};
  const auto names = Readdressing::of({}, {{old, kServer}});
  const Readdressing now{{{"10.0.0.2", "10.0.0.7"}}};
  const auto both =
      both_ways({{a, {{old, 0, 5}}}, {b, {{{kServer, kClient}, 0, 7}}}}, {PodUid{"c"}}, now, {{a, names}});
  EXPECT_EQ(both.at(a).front().remote, (Endpoint{"10.0.0.7", 80}));
  EXPECT_EQ(both.at(a).front().sent, 7U);
}

}  // namespace
}  // namespace cutline::protocol
