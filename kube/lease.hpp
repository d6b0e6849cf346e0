// Leader election on a Lease, and epochs that only its holder can draw.
//
// One holder at a time as far as clocks run at the same rate: only durations of monotonic clocks are compared, never
// the times written in the Lease. A holder believes itself leader for renew_deadline after the START of its last
// renewal that worked; another takes over only after seeing the Lease unchanged for the whole lease duration. What must
// be safe even against a stopped process is fenced by epochs: they grow under a resourceVersion precondition.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "kube/client.hpp"

namespace cutline::kube {

struct LeaseOptions {
  std::string ns;
  std::string name;
  std::string identity;           // unlike any other's: the pod's name and UID
  Millis lease_duration{15'000};  // whole seconds; others wait this long
  Millis renew_deadline{10'000};  // shorter than lease_duration
  Millis retry_period{2'000};
};

class LeaderElection {
 public:
  // Both are called on the election's thread. on_started: the Lease is ours. on_lost: it is not, stop at once; called
  // once for each on_started, also at destruction. They must not block for long: renewals wait meanwhile.
  struct Callbacks {
    std::function<void()> on_started;
    std::function<void()> on_lost;
  };

  // Starts at once. `client` must outlive it. Requires retry_period < renew_deadline < lease_duration.
  LeaderElection(Client& client, LeaseOptions options, Callbacks callbacks);
  // Gives the Lease back (bounded to a second), so that the next takes over at once; joins the thread.
  ~LeaderElection();
  LeaderElection(const LeaderElection&) = delete;
  LeaderElection& operator=(const LeaderElection&) = delete;

  // Looks at the clock itself: right even when the thread could not run. Thread-safe.
  [[nodiscard]] bool is_leader() const;
  // Timeout: not leader by then.
  [[nodiscard]] Status wait_leader(Deadline deadline) const;

  // Draws the next epoch: adds one to the Lease's annotation cutline.dev/epoch, and returns it once it is durable;
  // above `floor` in any case (pass the greatest epoch seen in objects: it covers a Lease that somebody deleted).
  // Thread-safe. Conflict: the Lease is no longer held by us in this very term; whatever was planned must be dropped.
  [[nodiscard]] Result<std::uint64_t> next_epoch(Deadline deadline, std::uint64_t floor = 0);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

inline constexpr const char* epoch_annotation = "cutline.dev/epoch";

}  // namespace cutline::kube
