// A SnapshotPolicy's status from what was observed. Pure.
#pragma once

#include "operator/api/spec.hpp"
#include "operator/pods/pod.hpp"

namespace cutline::op::policy {

void write_status(Json& policy, const std::vector<Pod>& pods, const std::vector<Json>& snapshots, const std::string& now);

}  // namespace cutline::op::policy
