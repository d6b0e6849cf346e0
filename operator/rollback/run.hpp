// One rollback round over the network and the API server: protocol::rollback driven to its end.
#pragma once

#include "operator/context.hpp"
#include "operator/rollback/plan.hpp"
#include "operator/rounds/record_keeper.hpp"

namespace cutline::op::rollback {

enum class Ending { Released, Untouched, Held, Busy, Stopped };

// Computes the line anew, when the gates of those that go back are closed; empty: it cannot have changed. If it has,
// nothing is touched, and the ending is Busy: to be planned again.
using Again = std::function<Result<Line>()>;

[[nodiscard]] Ending run(Context& context, RecordKeeper& keeper, const Line& line, Epoch epoch, Again again);
[[nodiscard]] Ending run(Context& context, RecordKeeper& keeper, const Recover& recover);

// Writes the plan into the status.
void record_plan(Json& object, const Line& line, const std::string& now);
void record_severed(Json& object, const Line& line);

}  // namespace cutline::op::rollback
