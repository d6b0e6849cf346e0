// Ends chosen sockets, so that their tuples are free for a restore, or their connections closed for good.
#pragma once

#include "sidecar/sockets/dump.hpp"

namespace cutline::sockets {

enum class Which {
  Orphans,  // no process holds them: what a killed process left (FIN-WAIT, CLOSING, LAST-ACK, TIME-WAIT)
  All,
};

// Of the connections of `connections` (by local and remote endpoint), the sockets of kind `which`. Repeats until none
// is left or the deadline passes (Timeout). Returns how many were ended. Call after the processes' end, behind a closed
// gate.
[[nodiscard]] Result<std::size_t> destroy(const protocol::CounterTable& connections, Which which, Deadline deadline);
// Of all orphans in the namespace, whatever their tuple; those of local port `spare` stay.
[[nodiscard]] Result<std::size_t> destroy_orphans(std::uint16_t spare, Deadline deadline);

}  // namespace cutline::sockets
