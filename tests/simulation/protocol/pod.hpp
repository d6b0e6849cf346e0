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
};
using Application = std::map<std::size_t, Stream>;  // by the pod at the other end

struct Segment {
  std::size_t from = 0;
  std::size_t to = 0;
  std::uint64_t offset = 0;
  std::vector<Id> ids;
  std::uint64_t ack = 0;  // the sender of this has received so many
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
  Epoch highest{};                   // epoch that it has acted for
  std::optional<Epoch> restored_by;  // the rollback that put its processes back last
};

// What the sidecar would read from the kernel. Pod i has the address 10.0.0.i; of two pods the lower one has connected.
[[nodiscard]] protocol::CounterTable counters_of(std::size_t pod, const Application& application);
[[nodiscard]] std::string address_of(std::size_t pod);

// What is wrong between the states of a sender and a receiver, known from the bytes themselves; empty: nothing.
[[nodiscard]] std::string contradiction(const Stream& sender, const Stream& receiver);

}  // namespace cutline::simulation
