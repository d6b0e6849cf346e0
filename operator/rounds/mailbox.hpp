// Events for one round, from any thread to the one that drives it. It takes all at once: an event costs no wake-up of
// its own.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <utility>
#include <vector>

#include "base/ids.hpp"

namespace cutline::op {

template <class T>
class Mailbox {
 public:
  void put(T item) {
    {
      const std::scoped_lock lock{mutex_};
      items_.push_back(std::move(item));
      if (items_.size() > 1) return;  // the taker knows already
    }
    filled_.notify_one();
  }

  // All that are there, at least one; none at `until`, or when stopped.
  [[nodiscard]] std::vector<T> take(Instant until, const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    (void)filled_.wait_until(lock, stop, until, [&] { return !items_.empty(); });
    return std::exchange(items_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any filled_;
  std::vector<T> items_;
};

}  // namespace cutline::op
