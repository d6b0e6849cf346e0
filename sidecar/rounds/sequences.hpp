// Where the sequence numbers of this pod's connections stand: kept with each checkpoint, and noted when a rollback stops the pod, so that
// restored connections go on from there. See protocol/sequences.hpp.
#pragma once

#include "sidecar/rounds/pod.hpp"

namespace cutline::sidecar {

// Of what each connection had received, as a part of the checkpoint.
[[nodiscard]] Status save_numbers(const store::Draft& draft, const sockets::Tracker& tracker, const protocol::CounterTable& counters);

// Of what each connection, and each that has closed since the last checkpoint, has received. Behind the gate that is closed for good, where
// nothing more comes, before anything is ended; durable when it returns. What was noted before stays: sockets may have been ended since.
[[nodiscard]] Status note_numbers(PodParts& pod);
// A rollback begins with a gate that was open: what an earlier one noted is no longer so.
[[nodiscard]] Status forget_numbers(const store::Store& store);

// How far what each connection of this checkpoint receives is to move: from what it had received then to what it had when that was noted.
// One that is not known to have gone on does not move.
[[nodiscard]] Result<std::vector<protocol::Shift>> shifts_to(const store::Store& store, const store::Manifest& checkpoint);

// What Tracker::restored() wants, when they have moved.
[[nodiscard]] Result<sockets::Bases::Shifts> continued(const store::Store& store, const store::Manifest& checkpoint,
                                                       const std::vector<protocol::Shift>& shifts);

}  // namespace cutline::sidecar
