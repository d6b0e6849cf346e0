// Worlds that the tests visit.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "world.hpp"

namespace cutline::simulation {

// Everything that can go wrong, each seldom enough that rounds still succeed now and then.
inline Faults everything() {
  return {.loss = 3,
          .duplicate = 6,
          .late = 4,
          .failing_write = 3,
          .failing_save = 2,
          .failing_verify = 2,
          .failing_restore = 6,
          .slow_save = 4,
          .coordinator_dies = 3,
          .coordinator_usurped = 3,
          .sidecar_dies = 1,
          .pod_leaves = 0,
          .overlap = 3};
}

inline Faults and_pods_that_leave() {
  auto faults = everything();
  faults.pod_leaves = 1;
  return faults;
}

inline std::string told(const World& world) { return fmt::format("{}", fmt::join(world.violations(), "\n")); }

}  // namespace cutline::simulation
