// What no line can ever need may go; what one can need never does.
//
// Whichever pods fail, now or later, and whatever happens until then: a pod that goes back to one of the checkpoints it
// has now goes back to where it would if only pods failed that do go back so far; and as each rule of the cascade asks
// one pod because of one other, that is where the failure of a single one of these would take it. So the lines for each
// pod failing alone hold every checkpoint that can be needed: at most as many per pod as there are pods. Connections
// that are open now count as if they closed in order: no future asks for less.
//
// With what is not certain (links.hpp: anything but pairs; ends that vanished) later knowledge may ask for more than
// today's. Then only what is older than the line of all pods failing together is given up, in all pods.
//
// Forgetting a checkpoint must not forget which connections closed before it: those that stay are given in the form in
// which they have to be kept, with the closings of those that go merged in. Whoever merges them anyhow, as sidecars do,
// needs `drop` alone. Closings that are settled at both ends are not kept.
//
// Pure. The cost is that of one line per pod.
#pragma once

#include <map>
#include <set>

#include "protocol/line.hpp"

namespace cutline::protocol {

struct Collection {
  std::map<PodUid, std::vector<CheckpointIndex>> drop;
  std::map<PodUid, std::vector<LocalCheckpoint>>
      keep;  // to replace the records there were: `parent`, `closed`, `observed` differ
  [[nodiscard]] bool drops_nothing() const { return drop.empty(); }
};

// Each pod's newest checkpoint stays, for the next interval begins there; so do those that are `pinned`: what is asked
// for by name or by time is no matter of failures. Holds for lines that are found with the same options.
[[nodiscard]] Collection collect(const std::vector<PodHistory>& pods, const LineOptions& options,
                                 const std::map<PodUid, std::set<CheckpointIndex>>& pinned = {});

}  // namespace cutline::protocol
