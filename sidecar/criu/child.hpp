// A program started from descriptors alone, in its own process group, that ends by a deadline.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.hpp"
#include "base/fd.hpp"

namespace cutline::criu {

// The arguments may name the program's descriptors: inherit() gives each a number that it keeps across exec.
class Child {
 public:
  // `fd` stays the caller's, and must live until run() returns. Returns "/proc/self/fd/N" for the new program.
  std::string inherit(int fd);
  // The bare number N.
  int inherit_number(int fd);

  // cgroup.procs files: the program stands there from its first instruction on.
  std::vector<int> entrances;
  std::vector<std::string> arguments;    // arguments[0] is the path to execute
  std::vector<std::string> environment;  // nothing is inherited

  // Runs in the namespaces of the calling thread; returns the exit code, or 128 + signal. Timeout: the whole process
  // group was killed and is gone. The program also dies with the calling thread. Standard streams are /dev/null.
  [[nodiscard]] Result<int> run(Deadline deadline) const;

 private:
  std::vector<int> inherited_;
};

}  // namespace cutline::criu
