// The pod's part of a rollback: first everything is verified and nothing touched; then the gate closes without deadline
// and the processes end; then files and processes are put back. The restored application runs behind the gate when
// put_back() returns.
#pragma once

#include "protocol/participant.hpp"
#include "protocol/readdressing.hpp"
#include "sidecar/rounds/pod.hpp"

namespace cutline::sidecar {

[[nodiscard]] Status verify(PodParts& pod, const protocol::participant::Verify& request);

// May be repeated, also after the sidecar's own restart. Never opens the gate.
[[nodiscard]] Status stop(PodParts& pod, const protocol::participant::EndAll& request);

// Of a checkpoint, when all is stopped: where its connections are to go on. `names`: how they were called until now.
[[nodiscard]] Result<std::vector<protocol::Shift>> shifts(const PodParts& pod, Epoch checkpoint,
                                                          const protocol::Readdressing& names);

// Checkpoint 0 is the pod's start: its processes are ended and nothing is put back.
// May be repeated after an error, and after the sidecar's own restart: it starts from the beginning. Never opens the
// gate. What is not ended yet is ended. `names`: how what the checkpoint names is called from now on.
[[nodiscard]] Result<protocol::Timings> put_back(PodParts& pod, const protocol::participant::PutBack& request,
                                                 const protocol::Readdressing& names);

}  // namespace cutline::sidecar
