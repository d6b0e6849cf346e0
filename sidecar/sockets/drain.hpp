// Waits until the wire is empty, after the processes are frozen and before the gate closes: then nothing has to be sent
// again, and a dropping gate costs no retransmission time-out.
#pragma once

#include "sidecar/sockets/dump.hpp"

namespace cutline::sockets {

struct Quiet {
  Micros settled{300};      // no counter moved for so long, and nothing is unacknowledged
  Micros unanswered{1500};  // ... although something is: a delayed acknowledgement, a full peer, a peer that is gone
};

// true: quiet. false: the deadline passed first, which is no error. `spare`: connections of this local port are not
// looked at.
[[nodiscard]] Result<bool> wait_drained(std::uint16_t spare, Deadline deadline, Quiet quiet = {});

}  // namespace cutline::sockets
