// What the schedule of a SnapshotPolicy demands now, decided from what was observed. Pure.
//
// status.scheduledThrough is the mark: every due time up to it has been dealt with. A due time is made into a snapshot
// whose name is a function of policy and time, BEFORE the mark moves over it: an operator that dies in between finds
// the snapshot, or makes it again under the same name. So a time has at most one snapshot, and none is lost. Of several
// that are due only the latest is made; what is older is missed.
#pragma once

#include <variant>

#include "operator/api/spec.hpp"
#include "operator/schedule/timetable.hpp"

namespace cutline::op::schedule {

struct Observed {
  Json policy;
  std::vector<Json> snapshots;  // with the label kPolicyLabel of this policy
  std::chrono::system_clock::time_point now;
};

struct Missed {  // due times that went by while nobody looked
  Time first, last;
  int count = 0;      // of those counted,
  bool more = false;  // and there are more
};

struct Off {};   // no schedule
struct Rest {};  // suspended
struct Refuse {  // the schedule cannot be understood
  std::string reason, message;
};
struct Adopt {  // the schedule is new, changed or resumed: what is due after `from` counts. On record before anything
                // is done
  Time from, next;
};
struct Wait {
  Time until;
};
struct Skip {
  Time due, next;
  std::string reason, because;
  std::optional<Missed> earlier;
};
struct Fire {  // make the snapshot of this time
  Time due, next;
  std::vector<std::string> replaced;  // snapshots that give way, first
  std::optional<Missed> earlier;
};
struct Note {  // its snapshot is there, and the mark does not say so yet
  Time due, next;
};

using Decision = std::variant<Off, Rest, Refuse, Adopt, Wait, Skip, Fire, Note>;

[[nodiscard]] Decision plan(const Observed& observed);

// "ledger-1767323045": the policy's name and the due time in seconds since 1970.
[[nodiscard]] std::string snapshot_name(const std::string& policy, Time due);

inline constexpr const char* kPolicyLabel =
    "cutline.dev/policy";  // of a snapshot that a schedule made: the policy's name,
inline constexpr const char* kScheduledAt = "cutline.dev/scheduled-at";  // and, an annotation, the time that it was due
inline constexpr std::chrono::hours kSkew{1};  // a mark that is further in the future was set by a clock that was wrong

}  // namespace cutline::op::schedule
