#include "e2e/workloads/writer/value.hpp"

#include <fmt/format.h>

#include <charconv>

namespace cutline::writer {
namespace {

constexpr std::size_t shortest = 40, spread = 1160;

// splitmix64
std::uint64_t next(std::uint64_t& state) {
  auto z = state += 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

template <class Number>
bool take_number(std::string_view& text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

Write write_of(Series series, std::uint64_t number) {
  static constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-.";
  std::uint64_t state = (std::uint64_t{series} << 40U) ^ number;
  const auto size = shortest + next(state) % spread;
  Write out{series, number, fmt::format("{}/{}:", series, number)};
  out.value.reserve(size);
  while (out.value.size() < size)
    for (auto bits = next(state); bits != 0 && out.value.size() < size; bits >>= 6U) out.value += digits[bits & 63U];
  return out;
}

std::string key_of(const Write& write, char separator) {
  return fmt::format("w{0}{1}{0}{2}", separator, write.series, write.number);
}

std::optional<Write> from_key(std::string_view key, char separator, std::string value) {
  Write out{0, 0, std::move(value)};
  const auto take_separator = [&] {
    const bool there = key.starts_with(separator);
    if (there) key.remove_prefix(1);
    return there;
  };
  if (!key.starts_with('w')) return std::nullopt;
  key.remove_prefix(1);
  if (!take_separator() || !take_number(key, out.series) || !take_separator() || !take_number(key, out.number) ||
      !key.empty())
    return std::nullopt;
  return out;
}

}  // namespace cutline::writer
