// The commands that speak to pods: `ledger audit` and the single switches.
#pragma once

#include <optional>

#include "base/deadline.hpp"
#include "e2e/workloads/ledger/audit.hpp"
#include "e2e/workloads/ledger/config.hpp"

namespace cutline::ledger {

struct Audited {
  std::vector<Report> reports;
  Audit audit;
};

// Pauses all, waits until nothing is on its way, reads all, and always lets all go on.
// An error: a pod could not be asked. A workload that does not come to rest is no error, but a failed audit.
// With `patience`, that is how long rest may take, and pods that do not answer are asked again until then: for a
// workload that is being rolled back just now, or connects again.
[[nodiscard]] Result<Audited> audit_pods(const std::vector<Endpoint>& pods, Deadline deadline,
                                         std::optional<Millis> patience = {});

[[nodiscard]] Result<Report> ask(const Endpoint& pod, const std::string& path, Deadline deadline);

}  // namespace cutline::ledger
