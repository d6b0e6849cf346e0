// From the objects of a namespace to a diagram. Pure.
#pragma once

#include "cli/diagram/model.hpp"
#include "cli/namespace.hpp"

namespace cutline::cli {

// The cut of a snapshot, and what led to it. Invalid: nothing has been saved yet.
[[nodiscard]] Result<Diagram> of_snapshot(const Namespace& ns, const Snapshot& snapshot);
// A rollback's plan, carried out or not. Invalid: it has none.
[[nodiscard]] Result<Diagram> of_rollback(const Namespace& ns, const Rollback& rollback);
// What a policy's pods have saved, with the recovery line as its status has it. Invalid: it has no pods.
[[nodiscard]] Result<Diagram> of_policy(const Namespace& ns, const Policy& policy);

}  // namespace cutline::cli
