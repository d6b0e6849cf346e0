// Who takes part in a round: fixed for the whole epoch. Pure.
#pragma once

#include <map>

#include "base/result.hpp"
#include "control/fleet.hpp"
#include "operator/api/spec.hpp"
#include "operator/pods/pod.hpp"

namespace cutline::op {

using Members = std::map<PodUid, Pod>;

// All pods that the selector finds, if each can take part now. The error names the first that cannot, and the remedy:
// Invalid and NotFound: the user must act. Unavailable: it may pass.
[[nodiscard]] Result<Members> plan_members(const Selector& selector, const std::vector<Pod>& pods);

[[nodiscard]] control::Peer peer_of(const Pod& pod);
[[nodiscard]] std::vector<control::Peer> peers_of(const Members& members);

// It has a sidecar that listens now, whatever becomes of its applications.
[[nodiscard]] bool reachable(const Pod& pod);

// Null: it is not there.
[[nodiscard]] const Pod* find_pod(const std::vector<Pod>& pods, const PodUid& uid);

// The protocol knows pods by UID; people know them by name.
[[nodiscard]] Error with_names(Error error, const Members& members);

}  // namespace cutline::op
