// The life of a pod, for main.cpp only.
#pragma once

#include <sys/types.h>

#include "tests/integration/pod/pod.hpp"

namespace cutline::test {

[[nodiscard]] Pod name_pod(pid_t owner);
// In the process that becomes the sidecar: own /proc, loopback up, folders made.
[[nodiscard]] Status enter_pod(const Pod& pod);
// From outside, when nothing of it runs any more.
void remove_pod(const Pod& pod);

}  // namespace cutline::test
