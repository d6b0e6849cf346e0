#include "operator/api/text.hpp"

#include <charconv>

namespace cutline::op {

Result<Millis> parse_duration(std::string_view text) {
  constexpr std::pair<std::string_view, double> units[] = {{"ms", 1.0}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}};
  constexpr double longest = 10 * 366.0 * 24 * 3600e3;
  double total = 0;
  std::string_view rest = text;
  bool good = !rest.empty();
  while (good && !rest.empty()) {
    double number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const auto unit = std::ranges::find_if(units, [&](const auto& u) { return rest.starts_with(u.first); });
    good = error == std::errc{} && number >= 0 && unit != std::end(units);  // not so for what is no number
    if (!good) break;
    rest.remove_prefix(unit->first.size());
    total += number * unit->second;
  }
  if (!good || total > longest) return fail(Code::Invalid, "'{}' is no duration; write for example 5s", text);
  return Millis{static_cast<std::int64_t>(total)};
}

Result<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::pair<std::string_view, double> units[] = {
      {"", 1},        {"k", 1e3},     {"M", 1e6},     {"G", 1e9},     {"T", 1e12},    {"P", 1e15},   {"E", 1e18},
      {"Ki", 0x1p10}, {"Mi", 0x1p20}, {"Gi", 0x1p30}, {"Ti", 0x1p40}, {"Pi", 0x1p50}, {"Ei", 0x1p60}};
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  const auto unit = std::ranges::find(units, suffix, &std::pair<std::string_view, double>::first);
  if (error != std::errc{} || unit == std::end(units) || number < 0 || number * unit->second >= 0x1p64)
    return fail(Code::Invalid, "'{}' is no size; write for example 20Gi", text);
  return static_cast<std::uint64_t>(number * unit->second);
}

std::string show(Micros duration) {
  const auto us = static_cast<double>(duration.count());
  if (us < 1e3) return fmt::format("{}us", duration.count());
  if (us < 1e6) return fmt::format("{:.1f}ms", us / 1e3);
  return fmt::format("{:.2f}s", us / 1e6);
}

std::string show(Bytes size) { return fmt::format("{:.1f} MiB", static_cast<double>(value(size)) / 1048576.0); }

}  // namespace cutline::op
