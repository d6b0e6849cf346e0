#include "cli/diagram/columns.hpp"

#include <gmock/gmock.h>

#include "cli/diagram/build.hpp"
#include "tests/unit/cli/samples.hpp"

namespace cutline::cli {
namespace {

constexpr Spacing kSpacing{.own = 50, .pad = 10, .event = 10, .slant = 20, .step = 5};

Time at(int second) { return Time{std::chrono::seconds{second}}; }

TEST(CheckpointsOfOneCut, StandAboveOneAnother) {
  Diagram d{
      .rows = {{.pod = "a", .marks = {{1, at(1), ""}, {2, at(5), "cut"}}}, {.pod = "b", .marks = {{1, at(5), "cut"}}}}};
  const auto place_ = place(d, kSpacing, 0);
  EXPECT_EQ(place_.marks[0][2], place_.marks[1][1]);
}

TEST(WhatWasLater, StandsFurtherRight) {
  Diagram d{.rows = {{.pod = "a", .marks = {{1, at(9), ""}}}, {.pod = "b", .marks = {{1, at(5), ""}}}}};
  const auto place_ = place(d, kSpacing, 0);
  EXPECT_GT(place_.marks[0][1], place_.marks[1][1]);
}

TEST(EveryMessage, RunsToTheRightWithinItsIntervals) {
  for (const auto& ns : {samples::domino(), samples::twelve()}) {
    const auto d = of_rollback(ns, ns.rollbacks.front());
    ASSERT_TRUE(d) << d.error().message;
    ASSERT_FALSE(d->arrows.empty());
    const auto place_ = place(*d, kSpacing, 700);
    EXPECT_GE(place_.width, 700);
    for (std::size_t i = 0; i < d->arrows.size(); ++i) {
      const auto& a = d->arrows[i];
      EXPECT_LT(place_.sent[i], place_.received[i]) << i;
      EXPECT_GT(place_.sent[i], place_.marks[a.from][a.sent_in]) << i;
      EXPECT_LT(place_.sent[i], place_.marks[a.from][a.sent_in + 1]) << i;
      EXPECT_GT(place_.received[i], place_.marks[a.to][a.received_in]) << i;
      EXPECT_LT(place_.received[i], place_.marks[a.to][a.received_in + 1]) << i;
    }
  }
}

TEST(TimesThatContradictTheMessages, GiveWay) {
  // b's checkpoint was written down first although it had received what a sent after its own.
  Diagram d{.rows = {{.pod = "a", .marks = {{1, at(9), ""}}}, {.pod = "b", .marks = {{1, at(5), ""}}}},
            .arrows = {{0, 1, 1, 0, 1}}};
  const auto place_ = place(d, kSpacing, 0);
  EXPECT_LT(place_.marks[0][1], place_.marks[1][1]);
}

TEST(ACutThatIsNotConsistent, ShowsItsOrphanFromLeftToRight) {
  Diagram d{.rows = {{.pod = "a", .marks = {{1, at(5), "cut"}}}, {.pod = "b", .marks = {{1, at(5), "cut"}}}},
            .arrows = {{0, 1, 1, 0, 1}}};
  const auto place_ = place(d, kSpacing, 0);
  EXPECT_LT(place_.sent[0], place_.received[0]);
  EXPECT_LT(place_.marks[0][1], place_.marks[1][1]);
}

TEST(MessagesInACircle, AreStillDrawn) {  // no run of processes can have them, but objects can say so
  Diagram d{.rows = {{.pod = "a", .marks = {{1, at(1), ""}}}, {.pod = "b", .marks = {{1, at(1), ""}}}},
            .arrows = {{0, 1, 1, 0, 1}, {1, 1, 0, 0, 1}}};
  const auto place_ = place(d, kSpacing, 0);
  EXPECT_LT(place_.marks[0][0], place_.marks[0][1]);
  EXPECT_LT(place_.marks[1][1], place_.marks[1][2]);
}

}  // namespace
}  // namespace cutline::cli
