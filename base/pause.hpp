// A pause that a stop ends.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "base/ids.hpp"

namespace cutline {

// False: stopped.
inline bool pause(Millis time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock{mutex};
  (void)never.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace cutline
