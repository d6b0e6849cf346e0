// What a rollback does to pods that are not put back to a checkpoint: those that stay lose connections, those that go
// back to their start are made anew. Between the last restore and the opening of the gates; both may be repeated.
#pragma once

#include "operator/context.hpp"
#include "operator/rollback/line.hpp"

namespace cutline::op::rollback {

// "After one side of a connection moved and the other did not, both ends are destroyed." A pod that cannot be reached
// for a while keeps its end until its own next segment is answered by a reset; that is logged.
void sever(Context& context, const Line& line, Epoch epoch);

// Its processes have ended behind their gate. Whatever owns the pods makes new ones.
[[nodiscard]] cutline::Status remove_restarted(Context& context, const std::string& ns, const Line& line);

}  // namespace cutline::op::rollback
