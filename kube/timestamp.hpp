// Times as the API writes them. For people to read: nothing here is ever compared to decide anything.
#pragma once

#include <fmt/chrono.h>

#include <chrono>
#include <string>

namespace cutline::kube {

// "2026-03-01T12:00:00Z"
[[nodiscard]] inline std::string rfc3339(std::chrono::system_clock::time_point time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

// "2026-03-01T12:00:00.123456Z", a MicroTime
[[nodiscard]] inline std::string rfc3339_micro(std::chrono::system_clock::time_point time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = std::chrono::duration_cast<std::chrono::microseconds>(time - whole).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(whole)), rest);
}

}  // namespace cutline::kube
