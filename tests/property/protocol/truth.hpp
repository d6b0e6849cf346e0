// The recovery line, found slowly and obviously: every combination of states is tried, against what the pods have
// really exchanged.
#pragma once

#include <optional>

#include "traffic.hpp"

namespace cutline::protocol {

// Do these two states fit together? Word by word as line.hpp says.
[[nodiscard]] bool fit(const Traffic& traffic, std::size_t p, std::size_t i, std::size_t q, std::size_t j, Lost lost);

// `allowed`, per pod: points, 0 the start, then the checkpoints, then the present. The latest one of all consistent
// combinations; nothing if there is none. Fails the test if there is more than one.
[[nodiscard]] std::optional<std::vector<std::size_t>> slow_line(const Traffic& traffic,
                                                                const std::vector<std::vector<std::size_t>>& allowed,
                                                                Lost lost);

}  // namespace cutline::protocol
