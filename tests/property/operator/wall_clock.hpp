// What a clock on a wall showed, minute by minute, over years: by the C library, which shares nothing with the date
// library that is tested.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

namespace cutline::test {

struct Shown {
  std::int32_t
      minutes;  // since 1970, as if the wall clock were in UTC: grows by one a minute, but where the clock is changed
  std::int8_t minute, hour, day, month, weekday;
};

struct WallClock {
  std::time_t begin = 0;     // in UTC
  std::vector<Shown> shown;  // at `begin`, a minute later, ...
};

// All minutes of these years, read once; not for threads.
[[nodiscard]] const WallClock& wall_clock(const std::string& zone, int first_year, int last_year);

}  // namespace cutline::test
