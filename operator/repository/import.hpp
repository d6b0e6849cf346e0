// A snapshot that lies in a repository becomes an object again: in a new cluster, or after its namespace was deleted.
#pragma once

#include "operator/repository/reach.hpp"

namespace cutline::op::repository {

// The status of a snapshot as its signed manifest tells it. `epoch`: of this cluster; what the checkpoints are called
// here. Pure.
void record_imported(kube::Json& object, const std::string& repository, const Kept& kept, Epoch epoch,
                     const std::string& now);

}  // namespace cutline::op::repository
