#include "operator/schedule/cron.hpp"

#include <array>
#include <charconv>

#include "operator/api/text.hpp"

namespace cutline::op::schedule {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::minutes;

constexpr std::array<std::string_view, 12> kMonths{"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                   "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> kWeekdays{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

struct Field {
  std::string_view name;
  int from, to;
  std::span<const std::string_view> names;  // of from, from + 1, ...
  bool of_days = false;
  std::string_view too_long = "";  // what to write instead of a step that is longer than the field
};
constexpr Field kMinute{"minute", 0, 59, {}, false, "; for every 90 minutes write @every 90m"};
constexpr Field kHour{"hour", 0, 23, {}, false, "; for every 36 hours write @every 36h"};
constexpr Field kDay{"day of month", 1, 31, {}, true};
constexpr Field kMonth{"month", 1, 12, kMonths};
constexpr Field kWeekday{"day of week", 0, 7, kWeekdays, true};

constexpr std::pair<std::string_view, std::string_view> kNicknames[] = {
    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"}, {"@weekly", "0 0 * * 0"},
    {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@hourly", "0 * * * *"}};

template <class... Args>
tl::unexpected<Error> wrong(const Field& field, std::string_view text, fmt::format_string<Args...> format,
                            Args&&... args) {
  return fail(Code::Invalid, "schedule: {} '{}': {}", field.name, text,
              fmt::format(format, std::forward<Args>(args)...));
}

std::string bounds(const Field& field) {
  const auto numbers = fmt::format("write {} to {}", field.from, field.to);
  return field.names.empty() ? numbers
                             : fmt::format("{}, or {} to {}", numbers, field.names.front(), field.names.back());
}

Result<int> number(const Field& field, std::string_view text) {
  int out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error == std::errc{} && end == text.data() + text.size() && out >= field.from && out <= field.to) return out;
  const auto same = [&](std::string_view name) {
    return std::ranges::equal(name, text,
                              [](char a, char b) { return a == (b >= 'a' && b <= 'z' ? b - 'a' + 'A' : b); });
  };
  if (const auto found = std::ranges::find_if(field.names, same); found != field.names.end())
    return field.from + static_cast<int>(found - field.names.begin());
  return wrong(field, text, "{}", bounds(field));
}

Result<int> step(const Field& field, std::string_view item, std::string_view text) {
  int out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size() || out < 1)
    return wrong(field, item, "a step is a number from 1 on; write for example */5");
  if (out > field.to - field.from)
    return wrong(field, item, "a step is at most {} here{}", field.to - field.from, field.too_long);
  return out;
}

// The two ends of an item, without its step.
Result<std::pair<int, int>> range(const Field& field, std::string_view item, std::string_view text, bool stepped) {
  if (text == "*" || (text == "?" && field.of_days)) return std::pair{field.from, field.to};
  const auto dash = text.find('-');
  const auto from = number(field, text.substr(0, dash));
  if (!from) return tl::unexpected(from.error());
  if (dash == std::string_view::npos) return std::pair{*from, stepped ? field.to : *from};
  const auto to = number(field, text.substr(dash + 1));
  if (!to) return tl::unexpected(to.error());
  if (*to >= *from) return std::pair{*from, *to};
  if (*to == 0 && field.to == 7) return std::pair{*from, 7};  // FRI-SUN
  return wrong(field, item, "a range goes upwards; write {}-{},{}-{}", *from, field.to, field.from, *to);
}

template <std::size_t N>
cutline::Status read(const Field& field, std::string_view text, std::bitset<N>& out) {
  for (std::string_view rest = text;;) {
    const auto comma = rest.find(',');
    const auto item = rest.substr(0, comma);
    if (item.empty())
      return wrong(field, text, "something is missing beside a comma; write for example {},{}", field.from,
                   field.from + 1);
    const auto slash = item.find('/');
    const bool stepped = slash != std::string_view::npos;
    const auto by = stepped ? step(field, item, item.substr(slash + 1)) : Result<int>{1};
    if (!by) return tl::unexpected(by.error());
    const auto ends = range(field, item, item.substr(0, slash), stepped);
    if (!ends) return tl::unexpected(ends.error());
    for (int i = ends->first; i <= ends->second; i += *by)
      out.set(static_cast<std::size_t>(field.of_days && N == 7 ? i % 7 : i));
    if (comma == std::string_view::npos) return {};
    rest.remove_prefix(comma + 1);
  }
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  constexpr std::string_view blanks = " \t";
  for (auto at = text.find_first_not_of(blanks); at != std::string_view::npos;
       at = text.find_first_not_of(blanks, at)) {
    const auto end = std::min(text.find_first_of(blanks, at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

// Whether one of the months has one of the days. All days of the year fall on all days of the week sooner or later.
bool ever(const Cron& cron) {
  if (!cron.any_weekday && !cron.any_day) return true;
  constexpr std::array<std::size_t, 13> length{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (std::size_t month = 1; month <= 12; ++month)
    for (std::size_t day = 1; day <= length[month]; ++day)
      if (cron.months[month] && cron.days[day]) return true;
  return false;
}

Result<Schedule> parse_fields(std::string_view text) {
  const auto fields = words(text);
  if (fields.size() != 5)
    return fail(Code::Invalid,
                "schedule: '{}' has {} fields, and five are wanted: minute, hour, day of month, month, day of week; "
                "write for example "
                "\"*/5 * * * *\", or for less than a minute \"@every 30s\"",
                text, fields.size());
  Cron out;
  auto good = read(kMinute, fields[0], out.minutes);
  if (good) good = read(kHour, fields[1], out.hours);
  if (good) good = read(kDay, fields[2], out.days);
  if (good) good = read(kMonth, fields[3], out.months);
  if (good) good = read(kWeekday, fields[4], out.weekdays);
  if (!good) return tl::unexpected(good.error());
  const auto is_any = [](std::string_view field) { return field.front() == '*' || field.front() == '?'; };
  out.any_day = is_any(fields[2]);
  out.any_weekday = is_any(fields[4]);
  if (!ever(out)) return fail(Code::Invalid, "schedule: '{}' never comes: no month that it names has such a day", text);
  return Schedule{out};
}

Result<Schedule> parse_every(std::string_view text) {
  constexpr std::chrono::seconds longest = hours{24 * 366};
  const auto interval = parse_duration(text);
  if (!interval || *interval % 1000 != Millis{0} || *interval < Millis{1000} || *interval > longest)
    return fail(
        Code::Invalid,
        "schedule: '@every {}': write whole seconds, from 1s to a year, for example \"@every 30s\" or \"@every 1h30m\"",
        text);
  return Schedule{Every{std::chrono::duration_cast<std::chrono::seconds>(*interval)}};
}

}  // namespace

Result<Schedule> parse(std::string_view expression) {
  const auto parts = words(expression);
  if (parts.empty()) return fail(Code::Invalid, "schedule: it is empty; write for example \"*/5 * * * *\"");
  if (parts[0] == "@every") return parse_every(parts.size() == 2 ? parts[1] : std::string_view{});
  for (const auto& [nickname, fields] : kNicknames)
    if (parts[0] == nickname && parts.size() == 1) return parse_fields(fields);
  if (parts[0].front() == '@')
    return fail(Code::Invalid,
                "schedule: '{}' is not known; write @hourly, @daily, @weekly, @monthly, @yearly, or \"@every 30s\"",
                expression);
  if (parts[0].starts_with("TZ=") || parts[0].starts_with("CRON_TZ="))
    return fail(Code::Invalid, "schedule: '{}' stands in spec.timeZone, not in the schedule", parts[0]);
  return parse_fields(expression);
}

bool matches(const Cron& cron, local_days day) {
  const std::chrono::year_month_day date{day};
  if (!cron.months[unsigned{date.month()}]) return false;
  const bool by_day = cron.days[unsigned{date.day()}];
  const bool by_weekday = cron.weekdays[std::chrono::weekday{day}.c_encoding()];
  return cron.any_day || cron.any_weekday ? by_day && by_weekday : by_day || by_weekday;
}

WallTime next_wall(const Cron& cron, WallTime wall) {
  wall = std::chrono::floor<minutes>(wall) + minutes{1};
  auto day = std::chrono::floor<days>(wall);
  auto minute = std::chrono::duration_cast<minutes>(wall - day).count();
  for (;; day += days{1}, minute = 0) {
    if (!matches(cron, day)) continue;
    for (auto hour = minute / 60; hour < 24; ++hour, minute = hour * 60) {
      if (!cron.hours[static_cast<std::size_t>(hour)]) continue;
      for (auto m = minute % 60; m < 60; ++m)
        if (cron.minutes[static_cast<std::size_t>(m)]) return day + hours{hour} + minutes{m};
    }
  }
}

}  // namespace cutline::op::schedule
