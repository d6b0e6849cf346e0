#include "sidecar/sockets/interval.hpp"

#include <gtest/gtest.h>

namespace cutline::sockets {
namespace {

using protocol::Counters;
using protocol::CounterTable;

Counters row(std::uint16_t port, std::uint64_t sent) { return {{"10.0.0.1", port}, {"10.0.0.2", 80}, sent, sent, 1}; }

struct Intervals : testing::Test {
  Interval interval{CheckpointIndex{3}, true};
};

TEST_F(Intervals, TellWhatClosedSinceTheirCheckpoint) {
  interval.closed(row(1, 10));
  interval.closed(row(2, 20));
  const auto told = interval.told();
  EXPECT_EQ(told.parent, CheckpointIndex{3});
  EXPECT_EQ(told.closed, (CounterTable{row(1, 10), row(2, 20)}));
  EXPECT_TRUE(told.observed);
}

TEST_F(Intervals, TellEachUseOfATupleInOrder) {
  interval.closed(row(1, 10));
  interval.closed(row(2, 7));
  interval.closed(row(1, 5));
  EXPECT_EQ(interval.told().closed, (CounterTable{row(1, 10), row(1, 5), row(2, 7)}));
}

TEST_F(Intervals, BeginAnewWithACheckpointThatIsKept) {
  interval.closed(row(1, 10));
  EXPECT_EQ(interval.cut(Epoch{7}).closed, (CounterTable{row(1, 10)}));
  interval.closed(row(2, 20));  // between the cut and the coordinator's word
  EXPECT_TRUE(interval.keep(Epoch{7}, CheckpointIndex{4}, CheckpointIndex{3}));
  EXPECT_EQ(interval.told().parent, CheckpointIndex{4});
  EXPECT_EQ(interval.told().closed, (CounterTable{row(2, 20)}));
}

TEST_F(Intervals, AreNotBrokenByARoundThatIsAborted) {
  interval.closed(row(1, 10));
  (void)interval.cut(Epoch{7});
  interval.closed(row(2, 20));
  const auto next = interval.cut(Epoch{8});
  EXPECT_EQ(next.parent, CheckpointIndex{3});
  EXPECT_EQ(next.closed, (CounterTable{row(1, 10), row(2, 20)}));
}

TEST_F(Intervals, KeepNothingForACheckpointThatIsNotTheLastOneTaken) {
  interval.closed(row(1, 10));
  (void)interval.cut(Epoch{7});
  (void)interval.cut(Epoch{8});
  EXPECT_FALSE(interval.keep(Epoch{7}, CheckpointIndex{4}, CheckpointIndex{3}));
  EXPECT_EQ(interval.told().parent, CheckpointIndex{3});
  EXPECT_TRUE(interval.keep(Epoch{8}, CheckpointIndex{5}, CheckpointIndex{3}));
  EXPECT_FALSE(interval.keep(Epoch{8}, CheckpointIndex{5}, CheckpointIndex{3})) << "said again";
}

TEST(IntervalsOfARestartedSidecar, BeginWithACheckpointThatWasTakenBefore) {
  Interval interval{CheckpointIndex{3}, false};
  EXPECT_FALSE(interval.keep(Epoch{7}, CheckpointIndex{5}, CheckpointIndex{4}));
  EXPECT_TRUE(interval.keep(Epoch{7}, CheckpointIndex{4}, CheckpointIndex{3}));
  EXPECT_EQ(interval.told().parent, CheckpointIndex{4});
  EXPECT_FALSE(interval.told().observed) << "what closed since the cut may have been missed";
  EXPECT_FALSE(interval.keep(Epoch{8}, CheckpointIndex{5}, CheckpointIndex{4})) << "only once";
}

TEST_F(Intervals, ThatMissedSomethingSayItUntilTheNextOneBegins) {
  interval.missed();
  EXPECT_FALSE(interval.cut(Epoch{7}).observed);
  EXPECT_FALSE(interval.cut(Epoch{8}).observed);
  EXPECT_TRUE(interval.keep(Epoch{8}, CheckpointIndex{4}, CheckpointIndex{3}));
  EXPECT_TRUE(interval.told().observed);
  (void)interval.cut(Epoch{9});
  interval.missed();  // after the cut: of the next one
  EXPECT_TRUE(interval.keep(Epoch{9}, CheckpointIndex{5}, CheckpointIndex{4}));
  EXPECT_FALSE(interval.told().observed);
}

TEST_F(Intervals, TakeInTheOneBeforeWhenTheCheckpointBetweenThemGoes) {
  interval.closed(row(1, 10));
  interval.precede({CheckpointIndex{2}, {row(1, 1), row(2, 2)}, false});
  const auto told = interval.told();
  EXPECT_EQ(told.parent, CheckpointIndex{2});
  EXPECT_EQ(told.closed, (CounterTable{row(1, 1), row(1, 10), row(2, 2)}));
  EXPECT_FALSE(told.observed);
}

TEST_F(Intervals, AreBoundedAndSayWhenThatWasTooLittle) {
  for (std::size_t i = 0; i < ClosedTable::kMost; ++i)
    interval.closed({{"10.0.0.1", static_cast<std::uint16_t>(i)}, {"10.0.0.2", 80}, 1, 1, 1});
  EXPECT_TRUE(interval.told().observed);
  interval.closed({{"10.0.0.1", 1}, {"10.0.0.3", 80}, 1, 1, 1});
  EXPECT_FALSE(interval.told().observed);
  EXPECT_EQ(interval.told().closed.size(), ClosedTable::kMost);
}

}  // namespace
}  // namespace cutline::sockets
