// "From time to time": when a pod's next own checkpoint is due. Pure; chance comes in as a value.
#pragma once

#include <algorithm>

#include "protocol/messages.hpp"

namespace cutline::protocol {

constexpr unsigned kMostDoublings = 5;  // of the interval, while the disk is full
constexpr Millis kLeastPause{100};

// `chance` in [0, 1): an interval with the jitter, up or down. `full`: how many times in a row the disk has been full.
[[nodiscard]] inline Instant next_due(Instant last, const Independent& own, double chance, unsigned full) {
  const auto jitter = static_cast<double>(own.jitter.count()) * (2 * chance - 1);
  const auto pause = own.interval * (1U << std::min(full, kMostDoublings)) + Millis{static_cast<Millis::rep>(jitter)};
  return last + std::max(pause, kLeastPause);
}

}  // namespace cutline::protocol
