// From links to the cascade's channels (cascade.hpp): per link and direction one for orphans, and with lost: Forbid one
// for losses.
//
// A connection that lasts has a channel of its own, with its counters at every point. Those that live for a few points
// only are folded into one channel per pair of pods that says at once: Y at y needs X at x or later. So the work is
// linear in the number of counters recorded, and not in connections times checkpoints.
//
// What is not certain (every link but a Pair) is taken on the safe side: what a pod may have received from another, it
// may have received from the other's very last moment. Unless it is known to have been earlier:
//
// - checkpoints of the same coordinated round are a consistent cut, by the gates and by the proof: what a pod had
//   received by its own was sent by the other's;
// - a point that has, directly or through others, received what a pod sent after point q comes after q, and so after
//   all that the pod had received by q.
#pragma once

#include "protocol/cascade.hpp"
#include "protocol/links.hpp"

namespace cutline::protocol {

struct WiringOptions {
  bool losses = false;
  bool settled_present = false;  // see worth()
};

[[nodiscard]] Dependencies wire(const std::vector<PodHistory>& pods, const Links& links, const WiringOptions& options);

}  // namespace cutline::protocol
