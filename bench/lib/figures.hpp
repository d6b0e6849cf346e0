// What the benches have in common: samples, their median, and the closing JSON line.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace cutline::bench {

using Clock = std::chrono::steady_clock;

[[nodiscard]] inline double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// Of an unsorted list that is not empty; `part` 0.5 is the median.
[[nodiscard]] inline double quantile(std::vector<double> samples, double part) {
  std::ranges::sort(samples);
  return samples[static_cast<std::size_t>(part * static_cast<double>(samples.size() - 1))];
}
[[nodiscard]] inline double median(const std::vector<double>& samples) { return quantile(samples, 0.5); }

inline void row(const char* what, const std::vector<double>& samples) {
  fmt::print("  {:<44} {:>9.3f} {:>9.3f} {:>9.3f}\n", what, quantile(samples, 0), median(samples), quantile(samples, 1));
}
inline void headline(const char* title) { fmt::print("{}\n  {:<44} {:>9} {:>9} {:>9}\n", title, "ms", "min", "median", "max"); }

}  // namespace cutline::bench
