// Events for one round, from any thread to the one that drives it.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>

#include "base/ids.hpp"

namespace cutline::op {

template <class T>
class Mailbox {
 public:
  void put(T item) {
    {
      const std::scoped_lock lock{mutex_};
      items_.push_back(std::move(item));
    }
    filled_.notify_one();
  }

  // Nothing at `until`, or when stopped.
  [[nodiscard]] std::optional<T> take(Instant until, const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    if (!filled_.wait_until(lock, stop, until, [&] { return !items_.empty(); })) return std::nullopt;
    T item = std::move(items_.front());
    items_.pop_front();
    return item;
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any filled_;
  std::deque<T> items_;
};

}  // namespace cutline::op
