// What every reconciler is given. References only: main owns all of it.
#pragma once

#include <stop_token>

#include "control/fleet.hpp"
#include "kube/client.hpp"
#include "kube/events.hpp"
#include "kube/lease.hpp"
#include "operator/metrics.hpp"
#include "operator/pods/pod.hpp"

namespace cutline::op {

inline constexpr Millis kRead{10'000};             // for one question to the API server
inline constexpr Millis kRecordPatience{120'000};  // for a round's record to be written

namespace repository {
class Keeping;
}

struct Context {
  kube::Client& client;
  kube::Events& events;
  kube::LeaderElection& lease;
  control::Fleet& fleet;
  Metrics& metrics;
  repository::Keeping& keeping;
  std::stop_token stop;

  // Read from the API server now, not from a cache: a round's members are decided from it. Without those that serve
  // repositories: whatever a selector says, these are no part of a workload.
  [[nodiscard]] Result<std::vector<Pod>> pods(const std::string& ns, Deadline deadline) const;
  [[nodiscard]] Result<std::vector<kube::Json>> items(const kube::Resource& resource, const std::string& ns,
                                                      Deadline deadline) const;

  // Of a round in this namespace; above every epoch that its objects show, so that a Lease which somebody deleted
  // starts nothing anew.
  [[nodiscard]] Result<Epoch> next_epoch(const std::string& ns, Deadline deadline) const;
};

// What a reconciler says when it is through: nothing more to do, or look again after this time.
struct Outcome {
  std::optional<Millis> again;
  bool to_policy = false;  // of a snapshot: its policy has something to look at now
};

// An object that is gone needs no reconciling; any other error does, again.
[[nodiscard]] Result<Outcome> gone_or(const Error& error);

// Each is asked its own question; waits for all answers, or for the deadline.
[[nodiscard]] std::map<PodUid, Result<protocol::Reply>> ask_each(
    control::Fleet& fleet, std::vector<std::pair<control::Peer, protocol::Command>> questions, Deadline deadline);
// Asks all members the same and waits for all answers, or for the deadline.
[[nodiscard]] std::map<PodUid, Result<protocol::Reply>> ask_all(control::Fleet& fleet,
                                                                const std::vector<control::Peer>& peers,
                                                                const protocol::Command& command, Deadline deadline);

[[nodiscard]] std::string now_text();

}  // namespace cutline::op
