// The proof in every snapshot: for each connection between two members, each way,
//   acked(sender) <= received(receiver) <= sent(sender).
// received > sent is an orphan: the receiver's state holds bytes that the sender's state has not sent.
// received < acked is a loss: bytes that the sender will never send again and the receiver does not have.
// What is between acked and sent and not received is in transit: it lies in the sender's socket image.
//
// Anyone can run it again from the stored counters. Pure; linear in the number of connections (but for sorting).
#pragma once

#include <map>

#include "base/ids.hpp"
#include "protocol/counters.hpp"

namespace cutline::protocol {

struct Member {
  PodUid uid;
  std::vector<std::string> addresses;  // the pod's own
  CounterTable counters;
};

struct Violation {
  PodUid sender;
  PodUid receiver;
  Counters at_sender;
  Counters at_receiver;
  std::uint64_t orphan_bytes = 0;  // received - sent, when positive
  std::uint64_t lost_bytes = 0;    // acked - received, when positive
};

struct Proof {
  std::uint64_t connections = 0;       // between two members, both ends seen
  std::uint64_t in_transit_bytes = 0;  // over both directions
  std::vector<Violation> violations;   // empty: the cut is consistent
  std::vector<Counters> external;      // this end is a member, the other is no member's address
  std::vector<Counters>
      half_open;  // the other end is a member's address, but has no such socket (being opened or closed)
  [[nodiscard]] bool consistent() const { return violations.empty(); }
};

// Ends are paired by mirrored endpoints; behind a Service's address translation by the client's own endpoint, which the
// server's side shows unchanged.
[[nodiscard]] Proof prove(const std::vector<Member>& members);

}  // namespace cutline::protocol
