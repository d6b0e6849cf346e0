// What in a container could not be saved, would not come back, or would be lost without anyone saying so. Read from
// /proc, before anything is frozen; may be asked again while frozen, when what is in motion (queues, timers) is
// decided.
//
// Call from the network namespace of the container (a pod's containers share one), as root. Thread-safe; changes
// nothing. Not visible from outside: Landlock and MDWE domains, corked UDP.
#pragma once

#include "protocol/messages.hpp"

namespace cutline::preflight {

struct Subject {
  std::string container;
  int root = 0;                          // root of the saved tree; its namespaces and mounts are the container's
  std::vector<int> tree;                 // all processes that would be saved, `root` among them
  std::vector<int> known_outside;        // the launcher: in the container, not saved, on purpose
  std::uint64_t ghost_limit = 64 << 20;  // bytes, as given to CRIU
};

// Fatal ones first. A process that ends meanwhile is left out.
[[nodiscard]] std::vector<protocol::Finding> inspect(const Subject& subject);

// "app, 1002 (redis-server), fd 7, anon_inode:[io_uring]: <remedy>"
[[nodiscard]] std::string sentence(const protocol::Finding& finding);

}  // namespace cutline::preflight
