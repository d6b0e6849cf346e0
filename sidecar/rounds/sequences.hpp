// Where the sequence numbers of this pod's connections stand: kept with each checkpoint, and measured again when a rollback is prepared,
// so that restored connections go on from there. See protocol/sequences.hpp.
#pragma once

#include "sidecar/rounds/pod.hpp"

namespace cutline::sidecar {

// Of what each connection had sent, as a part of the checkpoint.
[[nodiscard]] Status save_numbers(const store::Draft& draft, const sockets::Tracker& tracker, const protocol::CounterTable& counters);

// Of what each connection, and each that has closed since the last checkpoint, has had confirmed. Behind the closed gate, before anything
// is ended; durable when it returns.
[[nodiscard]] Status note_numbers(PodParts& pod);

// How far what each connection of this checkpoint sends is to move: from what it had sent then to what was confirmed when that was noted.
// One that is not known to have gone on does not move.
[[nodiscard]] Result<std::vector<protocol::Shift>> shifts_to(const store::Store& store, const store::Manifest& checkpoint);

// What Tracker::restored() wants, when they have moved.
[[nodiscard]] Result<sockets::Bases::Shifts> continued(const store::Store& store, const store::Manifest& checkpoint,
                                                       const std::vector<protocol::Shift>& shifts);

}  // namespace cutline::sidecar
