// Times as the API writes them: to the second, from clocks that need not agree. Good for ages and for what people ask
// for by time; no round is ever decided by them.
#pragma once

#include <fmt/chrono.h>

#include <chrono>
#include <ctime>
#include <optional>
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

// Either of the two; nothing: another text. The API server writes UTC only.
[[nodiscard]] inline std::optional<std::chrono::sys_seconds> parse_time(const std::string& text) {
  std::tm parts{};
  const auto* end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (end == nullptr || (*end != 'Z' && *end != '.')) return std::nullopt;
  return std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::from_time_t(::timegm(&parts)));
}

}  // namespace cutline::kube
