// One rollback round over the network and the API server: protocol::rollback driven to its end.
#pragma once

#include "operator/context.hpp"
#include "operator/rollback/plan.hpp"
#include "operator/rounds/record_keeper.hpp"

namespace cutline::op::rollback {

enum class Ending { Released, Untouched, Held, Busy, Stopped };

[[nodiscard]] Ending run(Context& context, RecordKeeper& keeper, const Line& line, Epoch epoch);
[[nodiscard]] Ending run(Context& context, RecordKeeper& keeper, const Recover& recover);

// Writes the plan into the status.
void record_plan(Json& object, const Line& line, const std::string& now);

}  // namespace cutline::op::rollback
