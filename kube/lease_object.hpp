// The rules of the Lease, as functions of the object and of monotonic time. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.hpp"
#include "kube/lease.hpp"
#include "kube/resource.hpp"

namespace cutline::kube {

[[nodiscard]] std::string holder_of(const Json& lease);
// How often the Lease has changed hands: together with the holder it names one term.
[[nodiscard]] std::int64_t transitions_of(const Json& lease);
// 0: none drawn yet. Corrupt: the annotation is not a number.
[[nodiscard]] Result<std::uint64_t> epoch_of(const Json& lease);

// Watches another's Lease by our own clock: it has run out when nothing in its spec has changed for its whole duration.
class Observation {
 public:
  // True: the Lease may be taken now.
  [[nodiscard]] bool expired(const Json& lease, Instant now);

 private:
  Json spec_;
  Instant since_{};
};

// A Lease that does not exist yet, held by us.
[[nodiscard]] Json new_lease(const LeaseOptions& options, const std::string& now);
// Patches that carry the resourceVersion of `lease`, so that each is a compare-and-swap; annotations are left alone.
[[nodiscard]] Json take_over(const Json& lease, const LeaseOptions& options, const std::string& now);
[[nodiscard]] Json renewal(const Json& lease, const std::string& now);
[[nodiscard]] Json give_back(const Json& lease);
[[nodiscard]] Json draw_epoch(const Json& lease, std::uint64_t epoch);

}  // namespace cutline::kube
