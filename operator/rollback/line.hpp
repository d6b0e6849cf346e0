// Where a rollback leads: which pods go back, how far, and because of what. Computed by the recovery-line engine
// (protocol/line.hpp) from the pods' own histories, or taken from a coordinated snapshot as a whole. Pure.
#pragma once

#include <algorithm>

#include "operator/pods/workload.hpp"
#include "protocol/line.hpp"
#include "protocol/rollback.hpp"

namespace cutline::op::rollback {

struct Entry {  // one pod's part of the plan, as the user sees it
  Pod pod;
  protocol::rollback::Target target;  // checkpoint 0: its start; the pod is made anew
  std::string from;
  std::string to;
  std::string because;
  CheckpointIndex index{};
  // If the pod stands in for one that is gone: for which, and how its checkpoint is called in the repository, from
  // where it is brought.
  std::string gone;
  std::string stored;
};

struct Severed {  // connections of a pod that stays, whose other ends go back
  Pod pod;
  std::vector<protocol::Connection> connections;
};

struct Line {
  std::string snapshot;  // empty: the line is none of one snapshot
  std::vector<Entry> entries;
  std::vector<Severed> severed;
  unsigned domino_depth = 0;
  std::uint64_t lost_bytes = 0;
  std::size_t lost_connections = 0;
  std::size_t external = 0;  // of the connections that are closed, those to outside of the workload
  [[nodiscard]] bool stands_in() const {
    return std::ranges::any_of(entries, [](const Entry& e) { return !e.gone.empty(); });
  }
};

// What is asked of the engine.
struct Wish {
  std::string snapshot;                      // named in the plan
  std::set<PodUid> failed;                   // their present state counts no more
  bool everyone = false;                     // nobody's does: all go back
  std::map<PodUid, CheckpointIndex> newest;  // back at least to this one
  protocol::LineOptions options;
};

[[nodiscard]] protocol::LineOptions options_of(const SaveSpec& save);

// Error: there is no line (NotFound; the reason in a sentence), or it cannot be carried out (Unsupported, Exhausted).
[[nodiscard]] Result<Line> compute(const Workload& workload, const Wish& wish);

// Where everything goes back to if every application failed now.
[[nodiscard]] Result<Line> line_of_all(const Workload& workload, const SaveSpec& save);

// The same pods to the same states? Then only the connections to close may have changed.
[[nodiscard]] bool same_way(const Line& one, const Line& other);

}  // namespace cutline::op::rollback
