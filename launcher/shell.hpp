// The launcher's hands: sockets, signals, time and processes around the decisions of conduct.hpp. One thread, one
// poll(2).
#pragma once

#include <string_view>

#include "launcher/channel.hpp"
#include "launcher/conduct.hpp"
#include "launcher/keeper.hpp"

namespace cutline::launcher {

inline constexpr int exit_no_sidecar = 70;

class Shell {
 public:
  // Every signal must be blocked already.
  Shell(const Command& command, std::string_view socket, Name container);
  // Until the application has ended, and then in its way.
  [[noreturn]] void run();

 private:
  void wait_and_feed();
  void feed(const Event& event);
  void act(const Action& action);
  void read_signals();
  void read_channel();
  void reap();
  void fork_keeper();
  void fire_guard();
  void watch(Pid pid);
  void look_at_adopted(short happened);
  void arm_timer();

  Command command_;
  std::string_view path_;
  Channel channel_;
  State state_;
  Descriptor signals_;
  Descriptor timer_;
  Descriptor release_;  // the keeper starts the application at a byte, and ends if it is closed before
  Descriptor guard_;
  Word guard_text_;
  Descriptor adopted_;  // pidfd
  bool adopted_ended_ = false;
};

}  // namespace cutline::launcher
