// Asks the pods of a workload for their histories.
#pragma once

#include "operator/context.hpp"
#include "operator/pods/workload.hpp"

namespace cutline::op {

// All pods that `selector` finds, also those whose application is dead. Unavailable: one does not answer now.
[[nodiscard]] Result<Workload> remember(Context& context, const std::string& ns, const Selector& selector,
                                        const std::vector<Pod>& pods);

}  // namespace cutline::op
