// A value that a thread of cpprestsdk's pool will bring, and that a thread of ours waits for with a deadline.
// Held by shared_ptr on both sides: whoever gives up first just lets go. Private to this room's sources.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>

#include "base/deadline.hpp"
#include "base/result.hpp"

namespace cutline::kube {

template <class T>
class Pending {
 public:
  void set(Result<T> result) {
    {
      const std::scoped_lock lock{mutex_};
      result_ = std::move(result);
    }
    arrived_.notify_all();
  }

  // Nothing: the deadline passed, or stop was requested.
  [[nodiscard]] std::optional<Result<T>> wait(const std::stop_token& stop, Deadline deadline) {
    std::unique_lock lock{mutex_};
    arrived_.wait_until(lock, stop, deadline.instant(), [this] { return result_.has_value(); });
    return std::exchange(result_, std::nullopt);
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::optional<Result<T>> result_;
};

}  // namespace cutline::kube
