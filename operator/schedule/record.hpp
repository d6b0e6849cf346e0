// A decision of the schedule in the policy's status, and the snapshot that it asks for. Pure: edits JSON.
#pragma once

#include "operator/schedule/plan.hpp"

namespace cutline::op::schedule {

// `now` in RFC 3339. Leaves the status as it is when it says all that already. A field that is to go is set to null,
// for a merge patch.
void record(Json& policy, const Decision& decision, const std::string& now);

// What has been made stays said, whatever the schedule has become meanwhile.
void record_made(Json& policy, Time due);

// The DistributedSnapshot of a due time. It has no owner: it stays when the policy goes.
[[nodiscard]] Json snapshot(const Json& policy, Time due);

// status.scheduledThrough; nothing: never written.
[[nodiscard]] std::optional<Time> marked_through(const Json& policy);
// status.scheduleInEffect, and what it is to be: "*/5 * * * * Europe/Berlin".
[[nodiscard]] std::string in_effect(const Json& policy);
[[nodiscard]] std::string text_of(const ScheduleSpec& spec);

// "3 snapshots due from A to B were missed, ..."
[[nodiscard]] std::string told(const Missed& missed);

}  // namespace cutline::op::schedule
