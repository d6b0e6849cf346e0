// Facts from /proc. What has gone in the meantime is left out; what cannot be read is left empty.
#pragma once

#include <optional>

#include "sidecar/preflight/facts.hpp"

namespace cutline::preflight {

[[nodiscard]] std::string read_link(const std::string& path);

[[nodiscard]] std::optional<Process> read_process(int pid);
// Name and PID only, of those that have `root`'s mount namespace.
[[nodiscard]] std::vector<Process> read_container_processes(int root);
[[nodiscard]] std::set<std::uint64_t> read_mounts(int pid);

// Of the network namespace of `pid` by /proc, and of the caller's (the same) by sock_diag.
void read_sockets(Facts& facts, int pid);
// What only getsockopt and ioctl tell, on a duplicate that shares the open file: nothing is changed.
void read_options(std::vector<Process>& processes);

}  // namespace cutline::preflight
