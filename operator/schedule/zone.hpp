// Time zones with their changes of the clock, from the system's database (/usr/share/zoneinfo). A value; thread-safe.
//
// The database must list its changes up to 2037, as Debian's does ("fat" files): rules beyond the last one listed are
// not read.
#pragma once

#include <chrono>
#include <string>

#include "base/result.hpp"

namespace date {
class time_zone;
}

namespace cutline::op::schedule {

using Time = std::chrono::sys_seconds;
using WallTime = std::chrono::local_seconds;  // what a clock on the wall of the zone shows

class Zone {
 public:
  Zone() = default;  // UTC, which needs no database
  // "Europe/Berlin"; "" is UTC. Invalid: no such zone. Unavailable: this system has no database.
  [[nodiscard]] static Result<Zone> find(const std::string& name);

  // What the wall clock is ahead of UTC at `time`, and until when.
  struct Offset {
    std::chrono::seconds ahead{0};
    Time until = Time::max();
  };
  [[nodiscard]] Offset offset(Time time) const;

  // When the hand of the wall clock first reaches `wall` or passes over it: of a time that exists twice the first, of
  // one that is skipped the moment after the gap. Never falls as `wall` grows.
  [[nodiscard]] Time first(WallTime wall) const;

 private:
  const date::time_zone* zone_ = nullptr;  // the database's, which lives for ever
};

}  // namespace cutline::op::schedule
