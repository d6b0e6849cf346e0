#include "protocol/composition.hpp"

#include <algorithm>

namespace cutline::protocol {

Composition compose(const std::vector<PodHistory>& pods) {
  Composition out;
  std::vector<LinePod> everyone;
  for (const auto& pod : pods) {
    const auto& saved = pod.history.checkpoints;
    out.last.emplace(pod.uid, saved.empty() ? std::nullopt : std::optional{saved.back()});
    if (saved.empty() && !out.never_saved) out.never_saved = pod.uid;
    everyone.push_back({pod, false, {}});
  }
  if (out.never_saved) return out;
  auto found = recovery_line(everyone, {});
  auto* none = std::get_if<NoLine>(&found);
  out.moves = std::move(none != nullptr ? none->moves : std::get<Line>(found).moves);
  std::erase_if(out.moves, [](const Move& move) { return move.cause == Move::Cause::Failed; });  // to their last ones
  if (none == nullptr) out.close = std::move(std::get<Line>(found).close);
  return out;
}

History at_the_cut(History before, const LocalCheckpoint& taken) {
  before.checkpoints.push_back(taken);
  before.present = taken;
  before.present->parent = taken.index;
  before.present->closed.clear();
  before.present->observed = true;
  return before;
}

}  // namespace cutline::protocol
