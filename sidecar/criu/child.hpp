// A program started from descriptors alone, in its own process group, that ends by a deadline.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.hpp"
#include "base/fd.hpp"

namespace cutline::criu {

struct Outcome {
  int code = 0;      // of exit(), or 128 + signal
  std::string said;  // on standard output and error; at most its first 64 KiB
};

// The arguments may name the program's descriptors: inherit() gives each a number that it keeps across exec.
class Child {
 public:
  // `fd` stays the caller's, and must live until run() returns. Returns "/proc/self/fd/N" for the new program.
  std::string inherit(int fd);
  // The bare number N.
  int inherit_number(int fd);

  // cgroup.procs files: the program stands there from its first instruction on.
  std::vector<int> entrances;
  bool dies_with_caller = false;         // killed when the calling thread ends
  std::vector<std::string> arguments;    // arguments[0] is the path to execute
  std::vector<std::string> environment;  // nothing is inherited

  // Runs in the namespaces of the calling thread. Timeout: the whole process group was killed and is gone. Standard
  // input is /dev/null.
  [[nodiscard]] Result<Outcome> run(Deadline deadline) const;

 private:
  std::vector<int> inherited_;
};

}  // namespace cutline::criu
