// One coordinated checkpoint round over the network and the API server: protocol::round driven to its end.
#pragma once

#include "operator/context.hpp"
#include "operator/rounds/record_keeper.hpp"
#include "operator/snapshot/plan.hpp"

namespace cutline::op::snapshot {

enum class Ending { Committed, Aborted, Busy, Stopped };

[[nodiscard]] Ending run(Context& context, RecordKeeper& keeper, const Begin& begin, Epoch epoch);
[[nodiscard]] Ending run(Context& context, RecordKeeper& keeper, const Recover& recover);

}  // namespace cutline::op::snapshot
