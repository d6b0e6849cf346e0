#include "operator/schedule/zone.hpp"

#include <date/tz.h>

namespace cutline::op::schedule {

Result<Zone> Zone::find(const std::string& name) {
  Zone out;
  if (name.empty() || name == "UTC" || name == "Etc/UTC") return out;
  try {
    (void)date::get_tzdb();
  } catch (const std::exception&) {
    return fail(
        Code::Unavailable,
        "this system has no time zones in /usr/share/zoneinfo: install tzdata, or leave the time zone out for UTC");
  }
  try {
    out.zone_ = date::locate_zone(name);
    (void)out.zone_->get_info(date::sys_seconds{});  // reads its file; nothing throws from here on
  } catch (const std::exception&) {
    return fail(Code::Invalid,
                "there is no time zone '{}': write a name of the IANA database, for example Europe/Berlin or Etc/UTC",
                name);
  }
  return out;
}

Zone::Offset Zone::offset(Time time) const {
  if (zone_ == nullptr) return {};
  const auto info = zone_->get_info(time);
  return {info.offset, info.end};
}

Time Zone::first(WallTime wall) const {
  if (zone_ == nullptr) return Time{wall.time_since_epoch()};
  const auto info = zone_->get_info(date::local_seconds{wall.time_since_epoch()});
  if (info.result == date::local_info::nonexistent) return info.first.end;
  return Time{wall.time_since_epoch()} - info.first.offset;
}

}  // namespace cutline::op::schedule
