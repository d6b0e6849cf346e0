#include "kube/queue_core.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace cutline::kube {
namespace {

using namespace std::chrono_literals;
const Instant start{};

struct AQueue : testing::Test {
  QueueCore<std::string> queue{BackoffPolicy{Millis{100}, Millis{1000}}};
};

TEST_F(AQueue, GivesEachKeyOnceInTheOrderOfComing) {
  queue.add("a");
  queue.add("b");
  queue.add("a");
  EXPECT_EQ(queue.take(start), "a");
  EXPECT_EQ(queue.take(start), "b");
  EXPECT_EQ(queue.take(start), std::nullopt);
}

TEST_F(AQueue, KeepsAKeyInWorkBackUntilItIsDone) {
  queue.add("a");
  ASSERT_EQ(queue.take(start), "a");
  queue.add("a");
  EXPECT_EQ(queue.take(start), std::nullopt);
  queue.done("a");
  EXPECT_EQ(queue.take(start), "a");
}

TEST_F(AQueue, ADelayedKeyComesAtItsTime) {
  queue.add_at("a", start + 5s);
  EXPECT_EQ(queue.take(start + 4s), std::nullopt);
  EXPECT_EQ(queue.next(), start + 5s);
  EXPECT_EQ(queue.take(start + 5s), "a");
}

TEST_F(AQueue, TheEarlierOfTwoTimesWins) {
  queue.add_at("a", start + 5s);
  queue.add_at("a", start + 2s);
  queue.add_at("a", start + 9s);
  EXPECT_EQ(queue.next(), start + 2s);
  queue.add("a");
  EXPECT_EQ(queue.take(start), "a");
  EXPECT_EQ(queue.take(start + 10s), std::nullopt);
}

TEST_F(AQueue, ADelayThatEndsDuringTheWorkWaitsForItsEnd) {
  queue.add("a");
  ASSERT_EQ(queue.take(start), "a");
  queue.add_at("a", start + 1s);
  EXPECT_EQ(queue.take(start + 2s), std::nullopt);
  queue.done("a");
  EXPECT_EQ(queue.take(start + 2s), "a");
}

TEST_F(AQueue, RetriesLaterAndLaterUntilForgotten) {
  EXPECT_EQ(queue.retry("a", start), 100ms);
  EXPECT_EQ(queue.retry("a", start), 200ms);
  EXPECT_EQ(queue.retry("b", start), 100ms);
  queue.forget("a");
  EXPECT_EQ(queue.retry("a", start), 100ms);
}

// Against a dumb model: whatever is added is handed out afterwards, and never while it is in work.
TEST_F(AQueue, LosesNothingAndSharesNothingInAnyOrderOfCalls) {
  std::minstd_rand random{7};
  std::set<std::string> working, owed;
  Instant now = start;
  for (int step = 0; step < 20'000; ++step) {
    const std::string key(1, static_cast<char>('a' + random() % 5));
    switch (random() % 5) {
      case 0:
        queue.add(key), owed.insert(key);
        break;
      case 1:
        queue.add_at(key, now + Millis{random() % 100}), owed.insert(key);
        break;
      case 2:
        if (working.erase(key) != 0) queue.done(key);
        break;
      case 3:
        now += Millis{random() % 50};
        break;
      default:
        if (const auto taken = queue.take(now)) {
          ASSERT_TRUE(working.insert(*taken).second) << *taken << " twice at once";
          ASSERT_EQ(owed.erase(*taken), 1U) << *taken << " for nothing";
        }
    }
  }
  for (const auto& key : working) queue.done(key);
  now += 1s;
  while (const auto taken = queue.take(now)) {
    EXPECT_EQ(owed.erase(*taken), 1U);
    queue.done(*taken);
  }
  EXPECT_TRUE(owed.empty());
  EXPECT_EQ(queue.size(), 0U);
}

}  // namespace
}  // namespace cutline::kube
