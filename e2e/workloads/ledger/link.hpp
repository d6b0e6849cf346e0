// One connection to another pod, as bytes: what has come and is not yet taken, what shall go and is not yet gone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/fd.hpp"
#include "base/ids.hpp"
#include "e2e/workloads/ledger/frame.hpp"

namespace cutline::ledger {

enum class Stage { Down, Connecting, Greeting, Up };

// What the peer lacks after it came again, and is read from the book little by little.
struct Backlog {
  std::uint64_t number = 0;  // the first that it lacks
  std::uint64_t record = 0;  // where to read on in the book
};

struct Link {
  Fd fd;
  Stage stage = Stage::Down;
  std::string in, out;
  std::optional<Backlog> backlog;
  Instant next_try{};
  Instant begun{};
  // Over all connections with this peer:
  std::uint64_t bytes_sent = 0, bytes_received = 0;
  std::uint64_t resumed = 0, resent = 0;  // connections that were continued; transfers read from the book for it

  // False: the connection has ended, or is broken.
  [[nodiscard]] bool receive();
  [[nodiscard]] bool flush();
  // Bytes given to it that the peer's TCP has not acknowledged.
  [[nodiscard]] std::size_t unacknowledged() const;
  void put(const Frame& frame) { append(out, frame); }
  void close();
};

}  // namespace cutline::ledger
