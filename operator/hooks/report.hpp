// What became of hooks, and what of that stands in a record. Pure.
#pragma once

#include "operator/api/spec.hpp"
#include "operator/pods/membership.hpp"

namespace cutline::op::hooks {

struct Failure {
  std::string pod;   // empty: of the whole workload
  std::string what;  // names container, command, how it ended and what it said last
  bool ignored = false;
};

struct Report {
  std::vector<Failure> failures;
  // The first that is not to be ignored, or null. It names the pod.
  [[nodiscard]] const Failure* fatal() const;
};
[[nodiscard]] std::string show(const Failure& failure);

// How each pod's run of this list ended: the reply, or why there is none.
using Ended = std::map<PodUid, Result<protocol::HooksRun>>;
[[nodiscard]] Report judge(const std::vector<protocol::Hook>& list, const Members& members, const Ended& ended);

// status.hooks of a snapshot or rollback: whether hooks are still to be run whatever becomes of the round, also by a
// successor.
[[nodiscard]] bool pending(const Json& object);
// Each attempt at a round has hooks of its own; of the one that is pending, else of the next.
[[nodiscard]] int run_number(const Json& object);
void record_pending(Json& object);
void record_done(Json& object);
void record(Json& object, const Report& report);  // beside what stands there of the same run

// Names one list of one run for the sidecars, which run it once.
[[nodiscard]] std::string key_of(const Json& object, std::string_view list);

}  // namespace cutline::op::hooks
