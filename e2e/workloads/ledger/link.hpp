// One connection to another pod, as bytes: what has come and is not yet taken, what shall go and is not yet gone.
#pragma once

#include <string>

#include "base/fd.hpp"
#include "base/ids.hpp"
#include "e2e/workloads/ledger/frame.hpp"

namespace cutline::ledger {

enum class Stage { Down, Connecting, Greeting, Up };

struct Link {
  Fd fd;
  Stage stage = Stage::Down;
  std::string in, out;
  Instant next_try{};

  // False: the connection has ended, or is broken.
  [[nodiscard]] bool receive();
  [[nodiscard]] bool flush();
  void put(const Frame& frame) { append(out, frame); }
  void close();
};

}  // namespace cutline::ledger
