// "Takes a local checkpoint, queues any subsequent message": freeze, drain, close the gate, read the counters, dump and
// capture, thaw, seal. The application runs on behind the gate when this returns; opening the gate is the caller's.
#pragma once

#include "protocol/participant.hpp"
#include "sidecar/rounds/pod.hpp"
#include "sidecar/rounds/precopy.hpp"

namespace cutline::sidecar {

// After an error every process runs again and nothing of the checkpoint is left; the gate may be closed still.
// `copies`: files that have not changed since are taken over from there; a copy that is gone, or cannot be read, is
// gone without.
[[nodiscard]] Result<protocol::LocalCheckpoint> save(PodParts& pod, const protocol::participant::Save& request,
                                                     const Copies& copies = {});

}  // namespace cutline::sidecar
