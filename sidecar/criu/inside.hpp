// The namespaces of a container, and running code in them.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "base/fd.hpp"

namespace cutline::criu {

// Opened before anything is entered; `of` is a process of the container. Not its PID namespace: pod and sidecar share
// it.
class Namespaces {
 public:
  [[nodiscard]] static Result<Namespaces> of(pid_t pid);

  // Runs `work` on a thread of its own that stands in these namespaces, with the container's root and working
  // directory; waits for it. Children forked by `work` stand there too. The rest of the process stays where it is.
  //
  // With `own_ipc`, a fresh IPC namespace instead of the container's where the container's has System V objects: CRIU
  // must not stand in the namespace that such an object belongs to, or it refuses to dump it.
  [[nodiscard]] Status run(bool own_ipc, const std::function<void()>& work) const;

  // Whether the IPC namespace has System V objects now.
  [[nodiscard]] Result<bool> system_v() const;

 private:
  struct Space {
    std::string name;  // as in /proc/PID/ns
    int type;
    Fd fd;
  };
  Namespaces() = default;
  [[nodiscard]] Status enter(bool own_ipc) const;

  std::vector<Space> spaces_;
  Fd root_;
  Fd cwd_;
};

}  // namespace cutline::criu
