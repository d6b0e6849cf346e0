// An incremental snapshot as a state of the whole workload: the new checkpoints of its members together with the last
// checkpoint of each process that was left out.
//
// The last checkpoint of a process is the one that its present state follows on: taken, or gone back to, last. Not the
// one of the highest epoch: what a rollback has abandoned leads nowhere.
//
// Is that a consistent global state? A process that was left out has exchanged nothing with members since its last
// checkpoint that would matter to them, for else it were one. But with others that were left out it may have; what was
// in transit when it was saved may have arrived since, and been forgotten by its sender; and with closure Paper orphans
// are left. So it is not believed but proved, by the engine that finds recovery lines (line.hpp): it is one, if nobody
// has to move any further.
//
// Of all pods that the workload had at the cut: members with their new checkpoints as their last ones, and with these
// as their present states, for their gates are closed. Pure; thread-safe.
#pragma once

#include "protocol/line.hpp"

namespace cutline::protocol {

struct Composition {
  // Of each process, members included; none: it was never saved.
  std::map<PodUid, std::optional<LocalCheckpoint>> last;
  // Why it is no state to go back to; empty: it is one.
  std::optional<PodUid> never_saved;
  std::vector<Move> moves;  // what a recovery line would ask for in addition; the first one says why
  // If it is one: what is to be closed when it is restored.
  std::map<PodUid, std::vector<Closing>> close;
  [[nodiscard]] bool consistent() const { return !never_saved && moves.empty(); }
};

[[nodiscard]] Composition compose(const std::vector<PodHistory>& pods);

// A member's history at the cut.
[[nodiscard]] History at_the_cut(History before, const LocalCheckpoint& taken);

}  // namespace cutline::protocol
