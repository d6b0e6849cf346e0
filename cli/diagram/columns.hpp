// Where on the time axis everything of a diagram stands. Checkpoints of one cut stand above one another, a message
// arrives right of where it was sent, and else what was later stands further right: as far as these do not contradict
// one another, the first ones first. Distances are schematic, as in the textbook's figures; they say nothing of how
// long it took. Pure.
#pragma once

#include "cli/diagram/model.hpp"

namespace cutline::cli {

struct Spacing {  // in whatever unit the drawing has
  int own = 0;    // least between two marks of one row
  int pad = 0;    // between a mark and the first event next to it
  int event = 0;  // between two events of one interval
  int slant = 0;  // a message goes at least that far to the right
  int step = 0;   // between two marks of which one is later
};

struct Place {
  std::vector<std::vector<int>> marks;  // per row: x of each position, 0 (at x = 0) to the present
  std::vector<int> sent, received;      // per arrow
  int width = 0;                        // x of the present, the same for all rows
};

// Is as wide as it must be, and stretched to `least` if that is wider.
[[nodiscard]] Place place(const Diagram& diagram, const Spacing& spacing, int least);

}  // namespace cutline::cli
