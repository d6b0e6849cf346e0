// RFC 4648 base64, for what Kubernetes wants in JSON: patches, Secrets, CA bundles.
#pragma once

#include "base/result.hpp"

namespace cutline::op {

[[nodiscard]] std::string base64(std::string_view data);
[[nodiscard]] Result<std::string> from_base64(std::string_view text);

}  // namespace cutline::op
