// What the benches have in common: samples, their median, and the closing JSON line.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace cutline::bench {

using Clock = std::chrono::steady_clock;

[[noreturn]] inline void die(const std::string& what) {
  fmt::print(stderr, "{}: {}\n", ::program_invocation_short_name, what);
  std::exit(1);
}
inline void check(const Status& status) {
  if (!status) die(status.error().message);
}

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
  fmt::print("  {:<44} {:>9.3f} {:>9.3f} {:>9.3f}\n", what, quantile(samples, 0), median(samples),
             quantile(samples, 1));
}
inline void headline(const char* title) {
  fmt::print("{}\n  {:<44} {:>9} {:>9} {:>9}\n", title, "ms", "min", "median", "max");
}

}  // namespace cutline::bench
