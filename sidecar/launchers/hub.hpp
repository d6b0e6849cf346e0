// The containers of this pod that take part, each known by its launcher. Starts applications, tells launchers what a round does to
// their trees, and carries a restored application's end to its container's end.
//
// A thread of its own serves the connections. The other methods are called by one round at a time; they wait for the launchers'
// answers until their deadline.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/deadline.hpp"
#include "sidecar/cgroup/freezer.hpp"
#include "sidecar/criu/exit_watch.hpp"
#include "sidecar/launchers/connection.hpp"

namespace cutline::sidecar {

struct Container {
  std::string name;
  pid_t launcher = 0;
  pid_t keeper = 0;                          // 0: none now
  std::shared_ptr<cgroup::Freezer> freezer;  // of this launcher
  launcher::Phase phase = launcher::Phase::Starting;
};

struct HubOptions {
  std::string socket{launcher::default_socket};
  std::string program = "/.cutline/launcher";
  std::vector<std::string> expected;  // the containers that must be there; empty: whoever comes
};

class Hub {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Hub>> start(HubOptions options);
  ~Hub();

  // All containers, each with a launcher that is connected. Unavailable names one that is not there.
  [[nodiscard]] Result<std::vector<Container>> containers() const;

  // Each launcher thaws its tree when `limit` has passed or this process ends, whatever becomes of us.
  [[nodiscard]] Status guard(Millis limit, Deadline deadline);
  [[nodiscard]] Status unguard(Deadline deadline);
  // The trees are about to be killed: their end is not their containers' end.
  [[nodiscard]] Status hold(Deadline deadline);
  // A restored root: the launcher passes signals on to it, and ends as it ends.
  [[nodiscard]] Status adopt(const std::string& container, criu::ExitWatch watch);

 private:
  struct Entry;
  Hub(HubOptions options, Fd listener, Fd wake);
  void serve(const std::stop_token& stop);
  void welcome();
  void hear(Entry& entry);
  void on(Entry& entry, const launcher::Hello& hello);
  void on(Entry& entry, const launcher::KeeperForked& forked);
  void watch_end(Entry& entry);
  void forget_ended();
  [[nodiscard]] Entry* find(const std::string& name) const;
  template <class Flag, class Send>
  [[nodiscard]] Status tell_all(Flag flag, Send send, Deadline deadline, std::string_view what);

  HubOptions options_;
  Fd listener_;
  Fd wake_;
  mutable std::mutex mutex_;
  mutable std::condition_variable answered_;
  std::vector<std::unique_ptr<Entry>> entries_;
  std::jthread thread_;  // last: stopped first
};

}  // namespace cutline::sidecar
