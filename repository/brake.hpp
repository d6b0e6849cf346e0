// Lets another thread bring a program to a stand at once, and let it go on. Thread-safe.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <mutex>

namespace cutline::repository {

class Brake {
 public:
  // Held at the beginning or not, whatever is attached stands still until the release.
  void hold() { set(true); }
  void release() { set(false); }
  [[nodiscard]] bool held() const {
    const std::scoped_lock lock{mutex_};
    return held_;
  }

  // By whom waits for the program: it must detach before the program is waited for, or its number may be another's.
  void attach(pid_t group) {
    const std::scoped_lock lock{mutex_};
    group_ = group;
    if (held_) (void)::kill(-group_, SIGSTOP);
  }
  void detach() {
    const std::scoped_lock lock{mutex_};
    group_ = 0;
  }

 private:
  void set(bool held) {
    const std::scoped_lock lock{mutex_};
    if (held_ == held) return;
    held_ = held;
    if (group_ != 0) (void)::kill(-group_, held ? SIGSTOP : SIGCONT);
  }

  mutable std::mutex mutex_;
  pid_t group_ = 0;
  bool held_ = false;
};

}  // namespace cutline::repository
