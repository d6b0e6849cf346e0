// Our finalizer on an object: thaw first, collect, then let it go. Idempotent; a conflict is an error, the queue tries
// again.
#pragma once

#include "kube/client.hpp"

namespace cutline::op {

[[nodiscard]] Status add_finalizer(kube::Client& client, const kube::Resource& resource, const kube::Json& object);
[[nodiscard]] Status remove_finalizer(kube::Client& client, const kube::Resource& resource, const kube::Json& object);

// Since the object was made, by the wall clock; never negative.
[[nodiscard]] std::chrono::seconds age_of(const kube::Json& object);

}  // namespace cutline::op
