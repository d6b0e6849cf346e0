// Where the sequence numbers of this pod's connections stand: kept with each checkpoint, and noted when a rollback
// stops the pod, so that restored connections go on from there. See protocol/sequences.hpp.
#pragma once

#include "protocol/readdressing.hpp"
#include "sidecar/rounds/pod.hpp"

namespace cutline::sidecar {

// How far the numbers of these connections lie after their counters, as a part of the checkpoint.
[[nodiscard]] Status save_offsets(const store::Draft& draft, const sockets::Tracker& tracker,
                                  const protocol::CounterTable& counters);

// Up to where each connection, and each that has closed not long ago, has received. Behind the gate that is closed for
// good, where nothing more comes, before anything is ended; durable when it returns. What was noted before stays:
// sockets may have been ended since.
[[nodiscard]] Status note_numbers(PodParts& pod);
// A rollback begins with a gate that was open: what an earlier one noted is no longer so.
[[nodiscard]] Status forget_numbers(const store::Store& store);

// What this end says of the checkpoint's connections: it goes on receiving from the number that was noted, if one was.
// `names`: how they were called when that was.
[[nodiscard]] Result<std::vector<protocol::Shift>> shifts_to(const store::Store& store,
                                                             const store::Manifest& checkpoint,
                                                             const protocol::Readdressing& names);

// What was agreed, for the tracker; and how far the images of the checkpoint are to be moved for it.
struct Agreed {
  sockets::Bases::Offsets offsets;
  std::vector<protocol::Shift> moves;
};
[[nodiscard]] Result<Agreed> agreed(const store::Store& store, const store::Manifest& checkpoint,
                                    const std::vector<protocol::Shift>& shifts);

}  // namespace cutline::sidecar
