// What is written in spec.schedule, and the wall-clock times that it means. Pure.
//
//   minute 0-59, hour 0-23, day of month 1-31, month 1-12 or JAN-DEC, day of week 0-7 or SUN-SAT (0 and 7 are Sunday)
// Each field is a list of `*`, N, N-M, and any of these with a step: */N, N-M/S, N/S (from N to the end). `?` is `*` in
// a field of days. As in Vixie's cron, when both fields of days are restricted either may match; a field that begins
// with `*` restricts nothing in this sense, so that with "*/2" in one of them both must match.
// @yearly @annually @monthly @weekly @daily @midnight @hourly stand for such fields; "@every 1h30m" is a grid of its
// own.
#pragma once

#include <bitset>
#include <chrono>
#include <string_view>
#include <variant>

#include "operator/schedule/zone.hpp"

namespace cutline::op::schedule {

struct Cron {
  std::bitset<60> minutes;
  std::bitset<24> hours;
  std::bitset<32> days;  // of the month; 0 is not used
  std::bitset<13> months;
  std::bitset<7> weekdays;
  bool any_day = false, any_weekday = false;  // the field begins with `*`
};

struct Every {
  std::chrono::seconds interval{1};
};

using Schedule = std::variant<Cron, Every>;

// Invalid: the message says which field is wrong and what to write. What it returns comes again and again: "0 0 30 2 *"
// is refused.
[[nodiscard]] Result<Schedule> parse(std::string_view expression);

// The first minute after `wall` that a clock may show and that the fields name.
[[nodiscard]] WallTime next_wall(const Cron& cron, WallTime wall);
[[nodiscard]] bool matches(const Cron& cron, std::chrono::local_days day);

}  // namespace cutline::op::schedule
