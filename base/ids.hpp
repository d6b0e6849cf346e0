// Strong types for what must never be mixed up. Values only; ordered, so that they key maps.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>

namespace cutline {

// Grows by one with each round (snapshot or rollback), never reused. 0: none yet.
enum class Epoch : std::uint64_t {};
[[nodiscard]] constexpr std::uint64_t value(Epoch epoch) { return static_cast<std::uint64_t>(epoch); }

// Numbered 1, 2, ... per pod; 0 is the start.
enum class CheckpointIndex : std::uint64_t {};
[[nodiscard]] constexpr std::uint64_t value(CheckpointIndex index) { return static_cast<std::uint64_t>(index); }

// A pod replaced under the same name is another process of the paper, so members are known by UID.
struct PodUid {
  std::string value;
  auto operator<=>(const PodUid&) const = default;
};

struct PodName {
  std::string value;
  auto operator<=>(const PodName&) const = default;
};

enum class Bytes : std::uint64_t {};
[[nodiscard]] constexpr std::uint64_t value(Bytes bytes) { return static_cast<std::uint64_t>(bytes); }

// A reading of this machine's own monotonic clock; never sent to another machine, only durations are.
using Instant = std::chrono::steady_clock::time_point;
using Millis = std::chrono::milliseconds;
using Micros = std::chrono::microseconds;

}  // namespace cutline
