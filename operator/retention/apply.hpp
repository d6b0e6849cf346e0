// What retention says, done: snapshots deleted (their finalizers take the images away), the policy's status, Events.
// Shell.
#pragma once

#include "operator/context.hpp"
#include "operator/retention/plan.hpp"

namespace cutline::op::retention {

// Those that a turn of the policy may delete at once; the rest at the next. Returns how many are gone.
std::size_t apply(Context& context, const Json& policy, const Plan& plan);

// status.retention. Left out where the policy has none.
void write_status(Json& policy, const Plan& plan);

}  // namespace cutline::op::retention
