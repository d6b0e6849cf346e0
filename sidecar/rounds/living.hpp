// An application that is killed while its pod is being saved is dead in the images, and every restore of them would
// bring back a dead one: a checkpoint like that is none.
#pragma once

#include "sidecar/launchers/launchers.hpp"

namespace cutline::sidecar {

// Call after the dump, while all stand still. Unavailable names the container whose keeper or application has ended.
[[nodiscard]] Status all_live(const std::vector<Container>& containers);

}  // namespace cutline::sidecar
