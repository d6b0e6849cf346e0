// How many datagrams this pod has exchanged with each address since it began, as the kernel counted them beside the
// gate: they outlive this process. Loopback is left out. About 0.4 us a datagram, and nothing else costs.
#pragma once

#include "base/result.hpp"
#include "protocol/counters.hpp"

namespace cutline::gate {

// Of the network namespace of the calling thread; any thread. Empty where no gate that counts is installed.
[[nodiscard]] Result<protocol::FlowTable> datagrams();

}  // namespace cutline::gate
