// The queue of keys that need work, shared by informers (which add) and workers (which get). Thread-safe.
//
//   while (auto key = queue.get(stop)) {
//     if (reconcile(*key)) queue.forget(*key); else queue.retry(*key);
//     queue.done(*key);
//   }
// Each get() must be followed by one done() for the same key.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <random>
#include <stop_token>

#include "kube/queue_core.hpp"

namespace cutline::kube {

template <class K>
class WorkQueue {
 public:
  explicit WorkQueue(BackoffPolicy policy = {}) : core_(policy) {}

  void add(const K& key) {
    change([&] { core_.add(key); });
  }
  void add_after(const K& key, Millis wait) {
    change([&] { core_.add_at(key, std::chrono::steady_clock::now() + wait); });
  }
  // After a failure; returns the wait chosen.
  Millis retry(const K& key) {
    Millis wait{};
    change([&] { wait = core_.retry(key, std::chrono::steady_clock::now(), jitter_(random_)); });
    return wait;
  }
  // After a success: the next failure's back-off starts anew.
  void forget(const K& key) {
    const std::scoped_lock lock{mutex_};
    core_.forget(key);
  }
  void done(const K& key) {
    change([&] { core_.done(key); });
  }

  // Blocks until there is work; nothing once `stop` is requested.
  [[nodiscard]] std::optional<K> get(const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    while (!stop.stop_requested()) {
      if (auto key = core_.take(std::chrono::steady_clock::now())) return key;
      const auto seen = changes_;
      const auto changed = [&] { return changes_ != seen; };
      if (const auto next = core_.next()) {
        wake_.wait_until(lock, stop, *next, changed);
      } else {
        wake_.wait(lock, stop, changed);
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] std::size_t size() const {
    const std::scoped_lock lock{mutex_};
    return core_.size();
  }

 private:
  template <class F>
  void change(F&& f) {
    {
      const std::scoped_lock lock{mutex_};
      f();
      ++changes_;
    }
    wake_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  QueueCore<K> core_;
  std::uint64_t changes_ = 0;
  std::minstd_rand random_{std::random_device{}()};
  std::uniform_real_distribution<double> jitter_{0.0, 1.0};
};

}  // namespace cutline::kube
