// A pod in a box: the test's own process is the sidecar of a pod.
//
// Link cutline_test_pod, and main() comes with it: it makes a pod (PID, network, IPC and UTS namespaces with a `pause`
// as process 1, and a mount namespace with its own /proc) and runs the tests inside, as a sidecar with
// `shareProcessNamespace` would. Containers of the pod are started with container.hpp. When the test ends, however it
// ends, the whole PID namespace goes, and then the cgroups and the folder. Needs root; fails with a message otherwise.
//
//   test process (outside) -> pause (1)
//                          -> the tests (2) = sidecar -> container: launcher -> keeper -> application
#pragma once

#include <string>

#include "base/result.hpp"

namespace cutline::test {

// Of the pod that this process is the sidecar of.
struct Pod {
  std::string folder;   // temporary; removed at the end
  std::string shared;   // the pod's /.cutline: launcher and sidecar.sock
  std::string cgroups;  // name of the pod's cgroup in every hierarchy
};
[[nodiscard]] const Pod& pod();

// Folders of the CRIU bundle (with preload.so) and of CRIU's own cache; path of the program that containers find as
// /workload.
[[nodiscard]] std::string criu_bundle();
[[nodiscard]] std::string criu_cache();  // a folder on tmpfs, gone with the pod
[[nodiscard]] std::string workload_program();

}  // namespace cutline::test
