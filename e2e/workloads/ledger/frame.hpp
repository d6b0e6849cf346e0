// What travels on a connection between two pods: frames of 32 bytes, each with a checksum.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace cutline::ledger {

// Spreads every bit of the words over the result; tells chance apart, not malice.
[[nodiscard]] constexpr std::uint64_t checksum(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  std::uint64_t hash = 0x9e3779b97f4a7c15U;
  for (const auto word : {a, b, c}) {
    hash = (hash ^ word) * 0xff51afd7ed558ccdU;
    hash ^= hash >> 32U;
  }
  return hash;
}

// The first frame each way. number: the next transfer expected; value: the session.
// The one that connects proposes, the one that accepts decides. `resume`: go on with the numbers of that session.
enum class Kind : std::uint16_t { Hello = 1, Resume = 2, Transfer = 3, Acknowledge = 4 };

struct Frame {
  Kind kind = Kind::Transfer;
  std::uint16_t from = 0;
  std::uint64_t number = 0;
  std::uint64_t value = 0;
  bool operator==(const Frame&) const = default;
};
inline constexpr std::size_t frame_size = 32;

inline void append(std::string& out, const Frame& frame) {
  constexpr std::uint64_t magic = 0x4c454447U;
  const std::uint64_t head = magic << 32U | static_cast<std::uint64_t>(frame.kind) << 16U | frame.from;
  const std::array<std::uint64_t, 4> words{head, frame.number, frame.value, checksum(head, frame.number, frame.value)};
  out.append(reinterpret_cast<const char*>(words.data()), frame_size);
}

// Of exactly frame_size bytes. Nothing if they are no frame.
[[nodiscard]] inline std::optional<Frame> parse(std::string_view bytes) {
  std::array<std::uint64_t, 4> words{};
  if (bytes.size() != frame_size) return std::nullopt;
  std::memcpy(words.data(), bytes.data(), frame_size);
  const auto kind = static_cast<std::uint16_t>(words[0] >> 16U);
  if (words[0] >> 32U != 0x4c454447U || words[3] != checksum(words[0], words[1], words[2]) || kind < 1 || kind > 4)
    return std::nullopt;
  return Frame{static_cast<Kind>(kind), static_cast<std::uint16_t>(words[0]), words[1], words[2]};
}

}  // namespace cutline::ledger
