// A diagram as SVG: one file with nothing outside of it, no scripts, a title and a description for those who cannot see
// it, and colours for light and for dark pages. Pure.
#pragma once

#include "cli/diagram/model.hpp"

namespace cutline::cli {

[[nodiscard]] std::string svg(const Diagram& diagram);

}  // namespace cutline::cli
