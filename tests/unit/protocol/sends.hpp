// Reading outputs in tests.
#pragma once

#include <algorithm>
#include <variant>

#include "protocol/messages.hpp"

namespace cutline::protocol {

// How many of the sends carry a command of kind C.
template <class C, class Output>
std::size_t sends_of(const Output& output) {
  return static_cast<std::size_t>(
      std::ranges::count_if(output.send, [](const auto& send) { return std::holds_alternative<C>(send.command); }));
}

template <class R, class Output>
bool persists(const Output& output) {
  return output.persist && std::holds_alternative<R>(*output.persist);
}

}  // namespace cutline::protocol
