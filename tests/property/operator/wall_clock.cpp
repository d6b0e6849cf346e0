#include "tests/property/operator/wall_clock.hpp"

#include <cstdlib>
#include <map>
#include <tuple>

namespace cutline::test {
namespace {

std::time_t new_year(int year) {
  std::tm parts{};
  parts.tm_year = year - 1900;
  parts.tm_mday = 1;
  return ::timegm(&parts);
}

WallClock read(const std::string& zone, int first_year, int last_year) {
  ::setenv("TZ", zone.c_str(), 1);
  ::tzset();
  WallClock out{new_year(first_year), {}};
  const auto end = new_year(last_year + 1);
  out.shown.reserve(static_cast<std::size_t>((end - out.begin) / 60));
  for (auto t = out.begin; t < end; t += 60) {
    std::tm tm{};
    (void)::localtime_r(&t, &tm);
    out.shown.push_back({static_cast<std::int32_t>((t + tm.tm_gmtoff) / 60), static_cast<std::int8_t>(tm.tm_min),
                         static_cast<std::int8_t>(tm.tm_hour), static_cast<std::int8_t>(tm.tm_mday),
                         static_cast<std::int8_t>(tm.tm_mon + 1), static_cast<std::int8_t>(tm.tm_wday)});
  }
  ::unsetenv("TZ");
  ::tzset();
  return out;
}

}  // namespace

const WallClock& wall_clock(const std::string& zone, int first_year, int last_year) {
  static std::map<std::tuple<std::string, int, int>, WallClock> known;
  const std::tuple key{zone, first_year, last_year};
  const auto found = known.find(key);
  return found != known.end() ? found->second : known.emplace(key, read(zone, first_year, last_year)).first->second;
}

}  // namespace cutline::test
