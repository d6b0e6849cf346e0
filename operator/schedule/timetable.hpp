// A schedule in its time zone: the moments at which it is due. Pure; the zone's database was read before.
//
// Where the clock is changed:
//   - A schedule that names every hour ("*/5 * * * *", "@hourly") goes on through it: it is due whenever the wall clock
//   shows such a minute,
//     so also in the hour that comes twice; minutes that are skipped are not made up for.
//   - Any other is due once for each time that it names: at the first of two, and for times that are skipped at the
//   first moment after the
//     gap, once for all of them.
//   - "@every" knows no wall clock: its grid is anchored at the making of the policy, so that nothing but the policy
//   moves it.
#pragma once

#include <optional>

#include "operator/schedule/cron.hpp"

namespace cutline::op::schedule {

struct Timetable {
  Schedule schedule;
  Zone zone;
  Time anchor;  // of @every

  // The first time after `after`; there always is one.
  [[nodiscard]] Time next(Time after) const;
  // The last time in (after, until].
  [[nodiscard]] std::optional<Time> latest(Time after, Time until) const;
};

}  // namespace cutline::op::schedule
