// Schedules over years against an oracle that walks minute by minute and knows nothing but what a wall clock shows.
//
// The oracle for a schedule that names every hour: due at each minute at which the clock shows a named minute. For any
// other: the clock's hand moves on, and whenever it comes to named minutes where it has not been before, or passes over
// them, that is due once.
#include "operator/schedule/timetable.hpp"

#include <fmt/format.h>

#include <bitset>

#include "tests/property/operator/wall_clock.hpp"
#include "tests/property/protocol/holds.hpp"

namespace cutline::op::schedule {
namespace {

using test::Shown;

constexpr int kFirstYear = 2022, kLastYear = 2025;
const std::vector<std::string> kZones{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC",
                                      "Asia/Kolkata"};

// A field as it is written, and the numbers that it means, made together.
struct Field {
  std::string text;
  std::bitset<64> numbers;
  bool star = false;
};

Field star(int from, int to, int step) {
  Field out{step == 1 ? "*" : fmt::format("*/{}", step), {}, true};
  for (int i = from; i <= to; i += step) out.numbers.set(static_cast<std::size_t>(i));
  return out;
}

// Evenly, whatever size of input RapidCheck is at.
int pick(int from, int below) { return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(from, below)); }

// `stars` in ten are a star. The numbers begin within `narrow`, which for hours is where clocks are changed.
Field random_field(int from, int to, int narrow, int stars) {
  if (pick(0, 10) < stars) return star(from, to, 1);
  if (pick(0, 5) == 0) return star(from, to, pick(1, std::min(8, to - from + 1)));
  Field out;
  for (int i = pick(1, 4); i > 0; --i) {
    const int first = pick(from, narrow + 1);
    const int last = pick(0, 2) == 0 ? first : pick(first, to + 1);
    const int step = pick(1, 5);
    const auto range = last == first ? fmt::format("{}", first) : fmt::format("{}-{}/{}", first, last, step);
    out.text += (out.text.empty() ? "" : ",") + range;
    for (int n = first; n <= last; n += step) out.numbers.set(static_cast<std::size_t>(n));
  }
  return out;
}

struct Written {
  Field minute, hour, day, month, weekday;
  [[nodiscard]] std::string text() const {
    return fmt::format("{} {} {} {} {}", minute.text, hour.text, day.text, month.text, weekday.text);
  }
  [[nodiscard]] bool names_every_hour() const { return hour.numbers.count() == 24; }
  [[nodiscard]] bool names(const Shown& shown) const {
    const auto in = [](const Field& field, std::int8_t n) { return field.numbers[static_cast<std::size_t>(n)]; };
    if (!in(minute, shown.minute) || !in(hour, shown.hour) || !in(month, shown.month)) return false;
    const bool by_day = in(day, shown.day), by_weekday = in(weekday, shown.weekday);
    return day.star || weekday.star ? by_day && by_weekday : by_day || by_weekday;
  }
};

Written random_schedule() {
  return {random_field(0, 59, 59, 3), random_field(0, 23, 3, 2), random_field(1, 31, 31, 7), random_field(1, 12, 12, 7),
          random_field(0, 6, 6, 7)};
}

// A minute that no clock showed has no row of the table.
Shown imagine(std::int32_t minutes) {
  const std::chrono::local_time<std::chrono::minutes> wall{std::chrono::minutes{minutes}};
  const auto day = std::chrono::floor<std::chrono::days>(wall);
  const std::chrono::year_month_day date{day};
  const auto rest = (wall - day).count();
  return {minutes,
          static_cast<std::int8_t>(rest % 60),
          static_cast<std::int8_t>(rest / 60),
          static_cast<std::int8_t>(unsigned{date.day()}),
          static_cast<std::int8_t>(unsigned{date.month()}),
          static_cast<std::int8_t>(std::chrono::weekday{day}.c_encoding())};
}

struct Watched {
  std::vector<Time> due;
  int repeated = 0, skipped = 0;  // named minutes that the clock showed again, or never
};

Watched watch(const Written& written, const test::WallClock& clock) {
  Watched out;
  const bool goes_on = written.names_every_hour();
  auto reached = clock.shown.front().minutes;  // the first minute itself is not looked at
  for (std::size_t i = 1; i < clock.shown.size(); ++i) {
    const auto& now = clock.shown[i];
    const bool named = written.names(now);
    const bool again = now.minutes <= reached;
    bool passed = false;
    for (auto minute = reached + 1; minute < now.minutes; ++minute) passed = passed || written.names(imagine(minute));
    out.repeated += named && again ? 1 : 0;
    out.skipped += passed ? 1 : 0;
    reached = std::max(reached, now.minutes);
    if (goes_on ? named : passed || (named && !again))
      out.due.push_back(Time{std::chrono::seconds{clock.begin + static_cast<std::time_t>(i) * 60}});
  }
  return out;
}

Timetable timetable(const std::string& expression, const std::string& zone) {
  auto schedule = parse(expression);
  if (!schedule) RC_FAIL(schedule.error().message);
  auto found = Zone::find(zone);
  if (!found) RC_FAIL(found.error().message);
  return {std::move(*schedule), *found, {}};
}

TEST(ATimetable, IsWhatAWatcherOfTheWallClockWouldSayOverYears) {
  struct {
    int going_on = 0, repeated = 0, skipped = 0;
  } cases;  // at how many a change of the clock mattered
  holds(80, [&] {
    const auto zone = *rc::gen::elementOf(kZones);
    const auto written = random_schedule();
    const auto& clock = test::wall_clock(zone, kFirstYear, kLastYear);
    const auto watched = watch(written, clock);
    if (!parse(written.text())) {
      if (!watched.due.empty()) RC_FAIL(fmt::format("'{}' is refused, and the watcher finds it", written.text()));
      RC_DISCARD("it never comes");
    }
    if (written.names_every_hour())
      cases.going_on += watched.repeated > 0 ? 1 : 0;
    else
      cases.repeated += watched.repeated > 0 ? 1 : 0, cases.skipped += watched.skipped > 0 ? 1 : 0;
    const auto table = timetable(written.text(), zone);
    Time at{std::chrono::seconds{clock.begin}};
    for (const auto due : watched.due) {
      const auto next = table.next(at);
      if (next != due)
        RC_FAIL(fmt::format("'{}' in {}: after {} comes {}, and the watcher says {}", written.text(), zone,
                            at.time_since_epoch().count(), next.time_since_epoch().count(),
                            due.time_since_epoch().count()));
      at = due;
    }
    RC_ASSERT(table.next(at) >= Time{std::chrono::seconds{clock.begin}} + std::chrono::minutes{clock.shown.size()});
  });
  EXPECT_GE(cases.going_on, 3);
  EXPECT_GE(cases.repeated, 5);
  EXPECT_GE(cases.skipped, 5);
}

TEST(ATimetable, SaysTheSameFromWhereverItIsAsked) {
  holds(300, [] {
    const auto zone = *rc::gen::elementOf(kZones);
    const auto written = random_schedule();
    if (!parse(written.text())) RC_DISCARD("it never comes");
    const auto table = timetable(written.text(), zone);
    const auto& clock = test::wall_clock(zone, kFirstYear, kLastYear);
    const Time begin{std::chrono::seconds{clock.begin}};
    const auto from = begin + std::chrono::seconds{pick(0, 3 * 365 * 86'400)};
    const auto next = table.next(from);
    RC_ASSERT(next > from);
    const auto between = from + std::chrono::seconds{*rc::gen::inRange(std::int64_t{0}, (next - from).count())};
    RC_ASSERT(table.next(between) == next);
    RC_ASSERT(table.latest(from, next) == next);
    RC_ASSERT(!table.latest(from, next - std::chrono::seconds{1}));
    const auto later = next + std::chrono::seconds{pick(0, 40 * 86'400)};
    Time last = next;
    for (auto t = next; t <= later; t = table.next(t)) last = t;
    RC_ASSERT(table.latest(from, later) == last);
    RC_ASSERT(table.latest(begin, later) == last);
  });
}

TEST(AGridOfEvery, IsTheSameFromWhereverItIsAsked) {
  holds(300, [] {
    const auto interval = pick(1, 100'000);
    const Time anchor{std::chrono::seconds{pick(0, 2'000'000'000)}};
    const Timetable table{Every{std::chrono::seconds{interval}}, {}, anchor};
    const auto from = anchor + std::chrono::seconds{pick(-1000, 10'000'000)};
    const auto next = table.next(from);
    RC_ASSERT(next > from && next > anchor);
    RC_ASSERT((next - anchor).count() % interval == 0);
    RC_ASSERT(next - std::chrono::seconds{interval} <= std::max(from, anchor));
  });
}

}  // namespace
}  // namespace cutline::op::schedule
