// `kubectl cutline status`: how a policy's workload stands, at one glance, and what to do if something is wrong. Pure.
#pragma once

#include <string>

#include "cli/namespace.hpp"

namespace cutline::cli {

struct Report {
  std::string text;
  bool healthy = true;  // false: something wants to be done
};

[[nodiscard]] Report status(const Namespace& ns, const Policy& policy);

}  // namespace cutline::cli
