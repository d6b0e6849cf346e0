// The keeper: the root of the tree that is saved and restored. It starts the application, adopts what is orphaned,
// reaps, hands signals on, and ends as the application ends. It must be saveable itself: it holds nothing open but
// standard input and output, and only ever waits in sigwaitinfo(2).
#pragma once

#include <csignal>

#include "launcher/descriptor.hpp"

namespace cutline::launcher {

struct Command {
  char** argv = nullptr;  // ended by a null pointer, as main has it
  sigset_t mask{};        // the signal mask that the application shall have
  bool filtered = true;   // install the seccomp filter
};

// Runs in a freshly forked process. Waits for one byte on `gate`; if it is closed instead, exits. Every signal is
// blocked.
[[noreturn]] void keep(const Command& command, Descriptor gate);

}  // namespace cutline::launcher
