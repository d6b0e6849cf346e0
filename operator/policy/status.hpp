// A SnapshotPolicy's status from what was observed. Pure.
#pragma once

#include "operator/rollback/line.hpp"

namespace cutline::op::policy {

void write_status(Json& policy, const std::vector<Pod>& pods, const std::vector<Json>& snapshots,
                  const std::string& now);

// Of a workload with protocol Independent: the line of all, or why there is none.
void write_line(Json& policy, const Result<rollback::Line>& line, const std::string& now);

}  // namespace cutline::op::policy
