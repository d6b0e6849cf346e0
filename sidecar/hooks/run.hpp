// Runs one command inside of a container, beside its application: in its namespaces, with its root, identity,
// environment and limits.
//
// It stands in a cgroup of its own, next to the one that is frozen and saved, and never in that one. When this returns
// nothing of it is left: what it has put into the background is killed.
#pragma once

#include <sys/types.h>

#include <stop_token>

#include "protocol/messages.hpp"

namespace cutline::hooks {

inline constexpr std::size_t kTail = 1024;  // bytes; so much of what it said is kept, the last

// `launcher`: the container's first process. Ends by the hook's timeout, or soon after `stop`. HookOutcome::hook is the
// caller's to enter.
[[nodiscard]] protocol::HookOutcome run(pid_t launcher, const protocol::Hook& hook, const std::stop_token& stop);

}  // namespace cutline::hooks
