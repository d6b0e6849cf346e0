// A program started from descriptors alone, in its own process group, that ends by a deadline.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/deadline.hpp"
#include "base/fd.hpp"

namespace cutline::criu {

struct Outcome {
  int code = 0;      // of exit(), or 128 + signal
  std::string said;  // on standard output and error; at most its first 64 KiB
};

// A program that was started. Its whole process group is killed with the object, unless wait() has seen its end.
class Running {
 public:
  Running(Running&& other) noexcept : pid_(std::exchange(other.pid_, 0)), output_(std::move(other.output_)) {}
  Running& operator=(Running&&) = delete;
  ~Running();

  // Timeout: the group was killed and is gone. Call once.
  [[nodiscard]] Result<Outcome> wait(Deadline deadline);

 private:
  friend class Child;
  Running(pid_t pid, Fd output) : pid_(pid), output_(std::move(output)) {}
  pid_t pid_;  // and its process group; 0: ended
  Fd output_;
};

// The arguments may name the program's descriptors: inherit() gives each a number that it keeps across exec.
class Child {
 public:
  // `fd` stays the caller's, and must live until start() returns. Returns "/proc/self/fd/N" for the new program.
  std::string inherit(int fd);
  // The bare number N.
  int inherit_number(int fd);

  // cgroup.procs files: the program stands there from its first instruction on.
  std::vector<int> entrances;
  bool dies_with_caller = false;         // killed when the calling thread ends
  std::vector<std::string> arguments;    // arguments[0] is the path to execute
  std::vector<std::string> environment;  // nothing is inherited

  // In the namespaces of the calling thread, in which it stays. Standard input is /dev/null.
  [[nodiscard]] Result<Running> start() const;
  // Starts it and waits for its end.
  [[nodiscard]] Result<Outcome> run(Deadline deadline) const;

 private:
  std::vector<int> inherited_;
};

}  // namespace cutline::criu
