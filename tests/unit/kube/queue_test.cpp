#include "kube/queue.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

namespace cutline::kube {
namespace {

using namespace std::chrono_literals;

TEST(AWorkQueue, WakesItsReaderWhenSomethingComes) {
  WorkQueue<int> queue;
  std::atomic<int> got = 0;
  std::jthread reader{[&](const std::stop_token& stop) { got = queue.get(stop).value_or(-1); }};
  queue.add(7);
  reader.join();
  EXPECT_EQ(got, 7);
}

TEST(AWorkQueue, EndsTheWaitOfItsReaderWhenStopped) {
  WorkQueue<int> queue;
  std::atomic<bool> nothing = false;
  std::jthread reader{[&](const std::stop_token& stop) { nothing = !queue.get(stop).has_value(); }};
  reader.request_stop();
  reader.join();
  EXPECT_TRUE(nothing);
}

TEST(AWorkQueue, HandsOutADelayedKeyNotBeforeItsTime) {
  WorkQueue<int> queue;
  const auto began = std::chrono::steady_clock::now();
  queue.add_after(1, 50ms);
  EXPECT_EQ(queue.get({}), 1);
  EXPECT_GE(std::chrono::steady_clock::now() - began, 50ms);
}

TEST(AWorkQueue, NeverGivesOneKeyToTwoWorkers) {
  WorkQueue<int> queue;
  std::array<std::atomic<int>, 4> in_work{};
  std::atomic<int> worked = 0, collisions = 0;
  {
    std::vector<std::jthread> workers;
    for (int n = 0; n < 4; ++n)
      workers.emplace_back([&](const std::stop_token& stop) {
        while (const auto key = queue.get(stop)) {
          auto& mine = in_work[static_cast<std::size_t>(*key)];
          if (++mine != 1) ++collisions;
          std::this_thread::yield();
          --mine;
          ++worked;
          queue.done(*key);
        }
      });
    for (int n = 0; n < 4'000; ++n) queue.add(n % 4);
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (queue.size() > 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  }
  EXPECT_EQ(collisions, 0);
  EXPECT_GE(worked, 4);
  EXPECT_EQ(queue.size(), 0U);
}

}  // namespace
}  // namespace cutline::kube
