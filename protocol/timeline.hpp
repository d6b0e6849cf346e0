// One end of one connection along its pod's timeline: what a pod's history says of it at each point (0 the start, 1 ..
// n the checkpoints of the history, n + 1 the present, when it is known).
//
// At a point an end is absent (not begun), open, or closed. Its numbers only grow. Before it began they are 0; after it
// closed they stay at what `closed` said. The same endpoints used again are another connection: each use is one of its
// own, in the order of the timeline. An end that is gone although no closing was told has `vanished`: what it sent and
// received at last is not known.
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/messages.hpp"

namespace cutline::protocol {

enum class Presence { Absent, Open, Closed };

struct Amounts {
  std::uint64_t acked = 0, sent = 0, received = 0;
  bool operator==(const Amounts&) const = default;
};

struct Use {
  std::uint32_t first = 0;      // the first point that knows it
  std::vector<Amounts> values;  // at `first` and after it; the last one stays
  bool closed = false;          // at the last of these points and ever after
  bool vanished = false;

  [[nodiscard]] std::uint32_t last() const { return first + static_cast<std::uint32_t>(values.size()) - 1; }
  [[nodiscard]] Presence presence(std::uint32_t point) const {
    if (point < first) return Presence::Absent;
    return closed && point >= last() ? Presence::Closed : Presence::Open;
  }
  [[nodiscard]] Amounts amounts(std::uint32_t point) const {
    if (point < first) return {};
    return point >= last() ? values.back() : values[point - first];
  }
};

struct Ends {  // all connections that one pod has ever had with the same pair of endpoints; of datagrams: the one flow
  Connection name;
  std::vector<Use> uses;
};

struct Timeline {
  std::uint32_t checkpoints = 0;
  bool present = false;  // point checkpoints + 1 is known
  std::vector<Ends> connections;
  std::vector<Ends> flows;                // endpoints have port 0
  std::vector<std::uint32_t> unobserved;  // points at whose end an interval was not wholly observed
  [[nodiscard]] std::uint32_t points() const { return checkpoints + 1 + (present ? 1 : 0); }
};

// `addresses`: the pod's own; what stays within the pod is left out.
[[nodiscard]] Timeline timeline(const History& history, const std::vector<std::string>& addresses);

}  // namespace cutline::protocol
