// A simulated pod: an application with one TCP connection to each other pod, a kernel that keeps sockets and a gate, a
// disk, and the sidecar's participant. Every byte that an application sends has a number of its own, unique over all of
// history, so that what a state contains is known for a fact, independent of counters.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/participant.hpp"

namespace cutline::simulation {

using Id = std::uint64_t;  // of one byte that an application sent

struct Stream {  // one connection, as its one end has it
  std::vector<Id> sent;
  std::vector<Id> received;
  std::uint64_t acked = 0;  // of `sent`; what lies after it is kept by the socket
  // Sequence numbers on the wire are counts plus these.
  std::int64_t sent_shift = 0;
  std::int64_t received_shift = 0;
};
using Application = std::map<std::size_t, Stream>;  // by the pod at the other end

struct Segment {
  std::size_t from = 0;
  std::size_t to = 0;
  std::int64_t number = 0;  // sequence number of the first
  std::vector<Id> ids;
  std::int64_t ack = 0;  // the sender of this has received up to here
};

// What a node's connection tracking knows of one direction (Linux, tcp_in_window()); what does not fit is dropped.
struct Watched {
  std::int64_t end = 0;   // highest number seen
  std::int64_t edge = 0;  // the receiver takes numbers up to here
};

struct Gate {
  bool closed = false;
  bool drop = false;
  std::optional<Instant> deadline;  // the kernel opens it then; none: it stays
  std::uint64_t serial = 0;         // of the closing
  std::vector<Segment> in, out;
};

struct Image {
  Application application;
  bool kept = false;
};

struct Pod {
  PodUid uid;
  bool gone = false;
  Millis clock{0};  // this machine's clock is so far ahead
  protocol::participant::State state;
  protocol::participant::Durable disk;
  std::uint64_t incarnation = 0;  // of the sidecar
  Application application;
  bool frozen = false;
  bool down = false;  // its processes have been ended and are not back yet
  Gate gate;
  std::map<Epoch, Image> images;
  Epoch highest{};                            // epoch that it has acted for
  std::optional<Epoch> restored_by;           // the rollback that put its processes back last
  std::map<std::size_t, std::int64_t> noted;  // numbers received from each, when a rollback stopped it
};

// What the sidecar would read from the kernel. Pod i has the address 10.0.0.i; of two pods the lower one has connected.
[[nodiscard]] protocol::CounterTable counters_of(std::size_t pod, const Application& application);
[[nodiscard]] std::string address_of(std::size_t pod);
[[nodiscard]] protocol::Connection connection_of(std::size_t pod, std::size_t peer);

// What is wrong between the states of a sender and a receiver, known from the bytes themselves; empty: nothing.
[[nodiscard]] std::string contradiction(const Stream& sender, const Stream& receiver);

}  // namespace cutline::simulation
