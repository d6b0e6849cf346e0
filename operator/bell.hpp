// What main's thread waits for: its end by signal, or another thread's ring.
#pragma once

#include <csignal>

#include "base/fd.hpp"
#include "base/ids.hpp"

namespace cutline::op {

class Bell {
 public:
  Bell();
  // From any thread.
  void ring();
  // True: one of `ends` has come. False: rung, or `patience` is over.
  [[nodiscard]] bool wait(const sigset_t& ends, Millis patience);

  // SIGTERM and SIGINT, blocked in this thread and all that it starts; call before any other thread is there.
  [[nodiscard]] static sigset_t block_ends();

 private:
  Fd event_;
};

}  // namespace cutline::op
