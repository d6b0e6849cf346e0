// Which snapshots of a policy go. What a rule names stays: `keepLast` or `keepWithin`; `maxBytes` is a ceiling whatever
// they keep. Whatever the rules say, these stay:
//   - the line: the newest snapshot that holds all pods that live, and all that came after it, since an incremental one
//   holds only those
//     that depend on its initiator, and the line lies across them. Where none holds all, of each pod the newest that
//     holds it;
//   - the newest that is Durable, if the policy has a repository: a line that lies on nodes alone is no line once these
//   are lost;
//   - the one that is on its way to the repository: where snapshots come faster than they go, none would ever arrive
//   otherwise;
//   - what is pinned, and what a rollback that has not ended goes back to.
// A failed snapshot holds nothing; the newest three stay, for their reasons.
//
// Pure; the rules are read from the policy, the time comes in.
#pragma once

#include <chrono>

#include "operator/api/spec.hpp"

namespace cutline::op::retention {

using Time = std::chrono::sys_seconds;

struct Observed {
  Json policy;
  std::vector<Json> snapshots;  // of the namespace
  std::vector<Json> rollbacks;
  std::vector<PodUid> pods;  // that live
  Time now;
};

struct Removal {
  std::string name;
  std::uint64_t bytes = 0;
  std::string why;  // for an Event
};

struct Plan {
  bool dry_run = false;           // only shown
  std::vector<Removal> removals;  // oldest first
  std::size_t kept = 0;           // committed ones
  std::uint64_t kept_bytes = 0;
};

// Of a policy without spec.retention nothing goes.
[[nodiscard]] Plan plan(const Observed& observed);

}  // namespace cutline::op::retention
