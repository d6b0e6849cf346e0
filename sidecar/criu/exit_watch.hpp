// How a restored tree's root ends, so that its container can end in the same way.
//
// The CRIU that forked it descends from the sidecar, so a restored root becomes the sidecar's child by adoption, not
// the launcher's. A sidecar that was itself restarted is no longer its parent: then the kernel (>= 6.15) tells through
// the pidfd.
#pragma once

#include <sys/types.h>

#include <optional>

#include "base/deadline.hpp"
#include "base/fd.hpp"

namespace cutline::criu {

// Orphaned descendants of the calling process become its children from now on. It must therefore never wait for "any
// child" (waitpid(-1)) on the side: that would take other waiters' answers away.
[[nodiscard]] Status adopt_orphans();

// Reaps children of the calling process that are dead, adopted, and in nobody's care: those of the given list. Never
// blocks.
void reap(const std::vector<pid_t>& pids);

struct Exit {
  int code = 0;    // of exit(), when signal is 0
  int signal = 0;  // that ended it
  [[nodiscard]] int as_shell() const { return signal != 0 ? 128 + signal : code; }
  bool operator==(const Exit&) const = default;
};

class ExitWatch {
 public:
  // While the process exists, if as a zombie. NotFound: it does not.
  [[nodiscard]] static Result<ExitWatch> of(pid_t pid);
  [[nodiscard]] static Result<ExitWatch> of(pid_t pid, Fd pidfd);

  // Becomes readable when the process has ended: for a poll loop.
  [[nodiscard]] int fd() const { return pidfd_.get(); }
  [[nodiscard]] pid_t pid() const { return pid_; }

  // Empty: it runs. Reaps a child; asking again gives the same answer. Unsupported: it has ended, is not our child, and
  // the kernel is too old to tell how.
  [[nodiscard]] Result<std::optional<Exit>> poll();
  // Timeout: it still runs.
  [[nodiscard]] Result<Exit> wait(Deadline deadline);

 private:
  ExitWatch(pid_t pid, Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  pid_t pid_;
  Fd pidfd_;
  std::optional<Exit> exit_;
};

}  // namespace cutline::criu
