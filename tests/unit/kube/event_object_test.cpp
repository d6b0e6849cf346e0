#include "kube/event_object.hpp"

#include <gtest/gtest.h>

#include "kube/timestamp.hpp"

namespace cutline::kube {
namespace {

EventRecord record(const std::string& reason, const std::string& message, const std::string& name = "a") {
  return {{{"kind", "Rollback"}, {"namespace", "shop"}, {"name", name}, {"uid", "u-" + name}},
          EventType::Normal,
          reason,
          message};
}

TEST(AnEventsName, IsTheSameForARepeatAndForNothingElse) {
  const auto first = event_key(record("Done", "x"), "op");
  EXPECT_EQ(first, event_key(record("Done", "x"), "op"));
  EXPECT_NE(first, event_key(record("Done", "y"), "op"));
  EXPECT_NE(first, event_key(record("Donex", ""), "op"));
  EXPECT_NE(first, event_key(record("Done", "x", "b"), "op"));
  EXPECT_NE(first, event_key(record("Done", "x"), "other"));
}

TEST(AnEventsName, IsTheSameInEveryRelease) {
  EXPECT_EQ(event_key(record("Done", "x"), "op").name, "a.777253b1dfb4c76c");
}

TEST(AnEventsName, FitsEvenForTheLongestObject) {
  EXPECT_LE(event_key(record("Done", "x", std::string(253, 'n')), "op").name.size(), 253U);
}

TEST(CountingUp, AddsOneUnderTheVersionItSaw) {
  const auto patch = count_up({{"count", 4}, {"metadata", {{"resourceVersion", "9"}}}}, "now");
  EXPECT_EQ(patch["count"], 5);
  EXPECT_EQ(resource_version_of(patch), "9");
}

TEST(CombiningEvents, LeavesTheFirstMessagesAndJoinsTheRest) {
  Aggregator aggregator{2};
  EXPECT_EQ(aggregator.combine(record("Slow", "1")).message, "1");
  EXPECT_EQ(aggregator.combine(record("Slow", "2")).message, "2");
  const auto third = aggregator.combine(record("Slow", "3"));
  EXPECT_EQ(third.message, aggregator.combine(record("Slow", "4")).message);
  EXPECT_EQ(aggregator.combine(record("Slow", "1")).message, "1");
  EXPECT_EQ(aggregator.combine(record("Slow", "3", "b")).message, "3");
}

TEST(ATime, IsWrittenAsTheApiReadsIt) {
  const auto time = std::chrono::system_clock::from_time_t(1'772'366'400) + std::chrono::microseconds{42};
  EXPECT_EQ(rfc3339(time), "2026-03-01T12:00:00Z");
  EXPECT_EQ(rfc3339_micro(time), "2026-03-01T12:00:00.000042Z");
}

}  // namespace
}  // namespace cutline::kube
