// A SnapshotPolicy's status from what was observed. Pure.
#pragma once

#include "operator/api/spec.hpp"
#include "operator/pods/workload.hpp"

namespace cutline::op::policy {

void write_status(Json& policy, const std::vector<Pod>& pods, const std::vector<Json>& snapshots, const std::string& now);

// Of a workload with protocol Independent: the line, if every pod failed now, or why there is none.
void write_line(Json& policy, const Workload& workload, const std::string& now);

}  // namespace cutline::op::policy
