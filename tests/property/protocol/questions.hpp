// What the properties of histories have in common.
#pragma once

#include "holds.hpp"
#include "truth.hpp"

namespace cutline::protocol {

inline std::size_t any(std::size_t n) { return *rc::gen::inRange<std::size_t>(0, n); }

inline simulation::Choices choices() {
  return simulation::Choices(*rc::gen::resize(
      400, rc::gen::container<std::vector<std::uint16_t>>(rc::gen::resize(100, rc::gen::arbitrary<std::uint16_t>()))));
}

}  // namespace cutline::protocol
