#include "operator/schedule/timetable.hpp"

#include "base/overloaded.hpp"

namespace cutline::op::schedule {
namespace {

WallTime shown(Time time, std::chrono::seconds ahead) { return WallTime{time.time_since_epoch() + ahead}; }

// Each moment at which the wall clock shows one of the minutes.
Time next_shown(const Cron& cron, const Zone& zone, Time after) {
  auto from = after;
  auto [ahead, until] = zone.offset(from);
  for (;;) {
    const Time found{next_wall(cron, shown(from, ahead)).time_since_epoch() - ahead};
    if (found < until) return found;
    from = until - std::chrono::seconds{1};  // `until` itself may be such a minute, by the changed clock
    const auto changed = zone.offset(until);
    ahead = changed.ahead;
    until = changed.until;
  }
}

// Each time that is named, once: when the hand first reaches it or passes over it.
Time next_named(const Cron& cron, const Zone& zone, Time after) {
  auto wall = shown(after, zone.offset(after).ahead);  // all times up to this one have been reached
  for (;;) {
    wall = next_wall(cron, wall);
    if (const auto found = zone.first(wall); found > after) return found;  // else in an hour that comes again
  }
}

Time next_on_grid(const Every& every, Time anchor, Time after) {
  const auto steps = after < anchor ? 0 : (after - anchor) / every.interval;
  return anchor + (steps + 1) * every.interval;
}

}  // namespace

Time Timetable::next(Time after) const {
  return std::visit(overloaded{[&](const Cron& cron) {
                                 return cron.hours.all() ? next_shown(cron, zone, after)
                                                         : next_named(cron, zone, after);
                               },
                               [&](const Every& every) { return next_on_grid(every, anchor, after); }},
                    schedule);
}

std::optional<Time> Timetable::latest(Time after, Time until) const {
  if (until <= after) return std::nullopt;
  // Back in steps that double, so that few times are looked at, however long nobody has looked.
  Time from = until;
  for (std::chrono::seconds back{60};; back *= 2) {
    from = until - after > back ? until - back : after;
    if (next(from) <= until) break;
    if (from == after) return std::nullopt;
  }
  Time last = next(from);
  for (Time then = next(last); then <= until; then = next(then)) last = then;
  return last;
}

}  // namespace cutline::op::schedule
