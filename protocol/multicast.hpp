// What both coordinators say and hear in the same way. Pure.
#pragma once

#include <set>

#include "protocol/messages.hpp"

namespace cutline::protocol {

struct Send {
  PodUid to;
  Command command;
};

// The same command, which holds no more than its epoch, to all of them.
template <class C>
[[nodiscard]] std::vector<Send> multicast(Epoch epoch, const std::set<PodUid>& to) {
  std::vector<Send> out;
  out.reserve(to.size());
  for (const auto& pod : to) out.push_back({pod, C{epoch}});
  return out;
}

// The gate is open: the answer to Done, Abort and Release.
[[nodiscard]] inline bool opened(const Reply& reply, Epoch epoch) {
  const auto* open = std::get_if<Opened>(&reply);
  return open != nullptr && open->epoch == epoch;
}

}  // namespace cutline::protocol
