// The containers of this pod that take part, each known by its launcher: what a round asks of them. Hub is the real
// one.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "base/deadline.hpp"
#include "launcher/protocol.hpp"
#include "protocol/messages.hpp"
#include "sidecar/cgroup/freezer.hpp"
#include "sidecar/criu/exit_watch.hpp"

namespace cutline::sidecar {

struct Container {
  std::string name;
  pid_t launcher = 0;
  pid_t keeper = 0;                          // 0: none now
  std::shared_ptr<cgroup::Freezer> freezer;  // of this launcher
  launcher::Phase phase = launcher::Phase::Starting;

  // Its application is there, as it was started or as it was put back.
  [[nodiscard]] bool runs() const {
    return keeper != 0 && (phase == launcher::Phase::Running || phase == launcher::Phase::Adopted);
  }
};

// Called by one round at a time; each call waits for the launchers' answers until its deadline.
class Launchers {
 public:
  virtual ~Launchers() = default;

  // All containers, each with a launcher that is connected. Unavailable names one that is not there.
  [[nodiscard]] virtual Result<std::vector<Container>> containers() const = 0;
  // Each launcher thaws its tree when `limit` has passed or this process ends, whatever becomes of us.
  [[nodiscard]] virtual Status guard(Millis limit, Deadline deadline) = 0;
  [[nodiscard]] virtual Status unguard(Deadline deadline) = 0;
  // The trees are about to be killed: their end is not their containers' end.
  [[nodiscard]] virtual Status hold(Deadline deadline) = 0;
  // A restored root: the launcher passes signals on to it, and ends as it ends.
  [[nodiscard]] virtual Status adopt(const std::string& container, criu::ExitWatch watch) = 0;

  // The following wait for nobody.

  // From now on, for containers that come later too: a dead application's container waits so long for a rollback (hold)
  // before it ends. When it was 0 before, what has failed until now is accepted.
  virtual void set_grace(Millis grace) = 0;
  // What there is now has been saved: a container that had started anew is what it should be.
  virtual void saved() = 0;
  // Applications that have died, and containers that have started anew, since they were saved or put back last. Only of
  // containers whose launcher is here: into others nothing could be put back yet.
  [[nodiscard]] virtual std::vector<protocol::Failure> failures() const = 0;
};

}  // namespace cutline::sidecar
