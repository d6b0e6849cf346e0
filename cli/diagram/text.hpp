// A diagram for a terminal: the same picture in characters, at most `width` columns wide; older checkpoints are left
// out until it fits. A message is a letter, small where it was sent and large where it was received. Pure.
#pragma once

#include "cli/diagram/model.hpp"

namespace cutline::cli {

[[nodiscard]] std::string text(const Diagram& diagram, std::size_t width, bool ascii);

}  // namespace cutline::cli
