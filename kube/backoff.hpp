// Exponential back-off with jitter. Values; the random part comes in, so that tests are exact.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/ids.hpp"

namespace cutline::kube {

struct BackoffPolicy {
  Millis first{100};
  Millis most{30'000};
};

// The wait after the n-th failure in a row (n from 1): first * 2^(n-1), at most `most`; then minus up to a quarter, by
// `jitter` in [0, 1): 0 takes nothing off.
[[nodiscard]] constexpr Millis backoff(const BackoffPolicy& policy, std::uint32_t failures, double jitter = 0.0) {
  if (failures == 0) return Millis{0};
  Millis wait = std::min(policy.first, policy.most);
  for (std::uint32_t n = 1; n < failures && wait < policy.most; ++n) wait = std::min(wait * 2, policy.most);
  return wait - Millis{static_cast<std::int64_t>(static_cast<double>(wait.count()) * jitter / 4)};
}

}  // namespace cutline::kube
