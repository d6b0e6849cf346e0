// What a pod can say of itself at any moment, beside a round or without one.
#pragma once

#include "sidecar/rounds/history.hpp"
#include "sidecar/rounds/pod.hpp"

namespace cutline::sidecar {

// Every application runs, and is what it was when it was saved or put back last.
[[nodiscard]] bool all_live(const Launchers& launchers);

// Counters as of now, and the interval that is under way; no digest. Read while all runs: no cut.
[[nodiscard]] Result<protocol::LocalCheckpoint> present(PodParts& pod);

// Destroys these connections at once, so that the applications see an error; the other ends are told. Idempotent.
[[nodiscard]] Status sever(const PodParts& pod, const std::vector<protocol::Connection>& connections);

// What could not be saved or would be lost silently, and what would not be seen.
[[nodiscard]] Result<std::vector<protocol::Finding>> preflight_findings(const PodParts& pod);

}  // namespace cutline::sidecar
