// A deadline is a value that is passed down: every wait takes one, none invents its own.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/ids.hpp"

namespace cutline {

class Deadline {
 public:
  [[nodiscard]] static Deadline after(Millis budget) { return Deadline{std::chrono::steady_clock::now() + budget}; }
  [[nodiscard]] static Deadline at(Instant instant) { return Deadline{instant}; }

  [[nodiscard]] Instant instant() const { return instant_; }
  [[nodiscard]] bool passed() const { return std::chrono::steady_clock::now() >= instant_; }
  // Never negative; rounds up, so that a poll() with it does not spin in the last millisecond.
  [[nodiscard]] Millis left() const {
    return std::max(Millis{0}, std::chrono::ceil<Millis>(instant_ - std::chrono::steady_clock::now()));
  }
  [[nodiscard]] Deadline sooner(Millis budget) const { return Deadline{std::min(instant_, after(budget).instant_)}; }

 private:
  explicit Deadline(Instant instant) : instant_(instant) {}
  Instant instant_;
};

// How long ago that was.
[[nodiscard]] inline Micros since(Instant start) {
  return std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - start);
}

}  // namespace cutline
