// `recovery: Automatic`: whether a failure of the workload begins a rollback now. Decided from what was observed. Pure.
//
// Rollbacks that follow one another without progress are counted: after `limit` of them none is made any more, and each
// waits twice as long as the one before. Progress is a snapshot committed in between; with protocol Independent, that
// every pod has had the time to take a checkpoint of its own.
#pragma once

#include <chrono>
#include <set>
#include <variant>

#include "operator/api/spec.hpp"

namespace cutline::op::recovery {

using Time = std::chrono::system_clock::time_point;

struct Failed {
  std::string pod;
  protocol::Failure what;
};

struct Observed {
  Json policy;
  std::vector<Failed> failures;  // as the members' sidecars say
  std::vector<Json> rollbacks;   // of the namespace
  std::vector<Json> snapshots;
  Time now;
};

struct Healthy {};
struct Underway {};  // a rollback of this workload has not ended
struct Wait {
  Time until;
  std::string because;
};
struct Start {  // make this Rollback; the name is taken by none
  std::string name;
  std::set<std::string> pods;
  std::string because;
  std::vector<std::string> outdated;  // automatic Rollbacks that ended long ago, to be removed
};
struct GiveUp {
  std::string because;
};  // the limit is reached: somebody must look

using Decision = std::variant<Healthy, Underway, Wait, Start, GiveUp>;

[[nodiscard]] Decision plan(const Observed& observed);

// The object that Start asks for.
[[nodiscard]] Json rollback(const Json& policy, const Start& start);

inline constexpr std::uint64_t kKept = 20;  // automatic Rollbacks of a policy, beside those that its limit counts
inline constexpr const char* kAutomatic =
    "cutline.dev/automatic-recovery-of";  // label of such a Rollback: the policy's name

}  // namespace cutline::op::recovery
