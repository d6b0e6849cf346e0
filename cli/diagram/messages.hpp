// Messages between two processes, from the byte counters of their checkpoints. A TCP connection is a stream: bytes a+1
// to b were sent by P in the interval in which its `sent` went from a to b, and received by Q in the one in which its
// `received` did. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/counters.hpp"

namespace cutline::cli {

// Interval k lies between state k and state k + 1 of a process; state 0 is its start, and the one after its last
// checkpoint the present.
struct Message {
  std::size_t from = 0, to = 0;  // processes
  std::size_t sent_in = 0, received_in = 0;
  std::uint64_t bytes = 0;
  bool arrived = true;  // false: not received by the receiver's last checkpoint; it may be under way still
  bool operator==(const Message&) const = default;
};

struct Process {
  std::vector<std::string> addresses;
  std::vector<std::optional<protocol::CounterTable>>
      checkpoints;  // nothing: not known, taken for the same as the one before
};

// One for each pair of intervals, all connections together; by sender, its interval, receiver, its interval.
[[nodiscard]] std::vector<Message> messages(const std::vector<Process>& processes);

}  // namespace cutline::cli
