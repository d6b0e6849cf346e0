// configuration.json: what the sidecar was told to do without being asked each time. So it goes on after a restart, and
// while nobody is there to tell it again.
#pragma once

#include "base/result.hpp"
#include "protocol/messages.hpp"

namespace cutline::store {

// Never told: nothing is done. Corrupt: says so; nothing is done until it is told again.
[[nodiscard]] Result<protocol::Configure> load_configuration(const std::string& root);
[[nodiscard]] Status save_configuration(const std::string& root,
                                        const protocol::Configure& configuration);  // durable when it returns

}  // namespace cutline::store
