// The hooks that this pod was asked to run, one run at a time, on a thread of their own.
//
// Every question is answered at once: how far the run is, or how it ended. Whether one may begin now is for the caller
// to know: never within a round. Of one thread.
#pragma once

#include <deque>
#include <mutex>
#include <thread>

#include "protocol/messages.hpp"
#include "sidecar/launchers/launchers.hpp"

namespace cutline::sidecar {

class Hooks {
 public:
  explicit Hooks(const Launchers& launchers) : launchers_(launchers) {}  // which must outlive it
  ~Hooks();                                                              // what runs is killed

  [[nodiscard]] bool running() const;
  // Whether this run has begun: then it can be asked for at any time.
  [[nodiscard]] bool knows(const std::string& key) const;
  // HooksRunning, HooksRun, or Refused: Busy when another run goes on, Unavailable when the containers are not all
  // there.
  [[nodiscard]] protocol::Reply ask(const protocol::RunHooks& command);

 private:
  struct Run {
    std::string key;
    std::optional<Result<protocol::HooksRun>> ended;
  };
  void perform(const protocol::RunHooks& command, const std::stop_token& stop);
  [[nodiscard]] Result<protocol::HooksRun> carry_out(const protocol::RunHooks& command,
                                                     const std::stop_token& stop) const;

  const Launchers& launchers_;
  mutable std::mutex mutex_;
  std::deque<Run> runs_;  // the last few; the latest is at the back, and only it may be going on
  std::jthread thread_;
};

}  // namespace cutline::sidecar
