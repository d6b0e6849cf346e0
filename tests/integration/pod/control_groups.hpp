// The pod's and containers' own cgroups in every hierarchy that the machine has mounted below /sys/fs/cgroup.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.hpp"

namespace cutline::test {

// Makes POD/CONTAINER in every hierarchy and returns the paths of their cgroup.procs.
[[nodiscard]] Result<std::vector<std::string>> make_groups(const std::string& pod, const std::string& container);
// Everything beneath and with POD, in every hierarchy.
void remove_groups(const std::string& pod);

}  // namespace cutline::test
