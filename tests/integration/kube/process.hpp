// A child process of a test: ended with its owner, and by the kernel when the test dies before. Not thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"

namespace cutline::test {

class Process {
 public:
  // argv[0] is the program's path; standard output and error are appended to the file `log`. Call on a thread that
  // lives as long as the process shall: the kernel's signal at death follows the thread.
  [[nodiscard]] static Result<Process> start(const std::vector<std::string>& argv, const std::string& log);
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();  // stop(), with ten seconds of patience before SIGKILL

  [[nodiscard]] int pid() const { return pid_; }
  // The exit status as waitpid gives it. Timeout: it is still running.
  [[nodiscard]] Result<int> wait(Deadline deadline);
  // SIGTERM, at the deadline SIGKILL; returns when it is gone. `crash`: SIGKILL at once.
  void stop(Deadline deadline, bool crash = false);

 private:
  Process(int pid, Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  int pid_ = -1;
  Fd pidfd_;
};

// Runs a program to its end; its output. Invalid, with the output: it did not exit with 0.
[[nodiscard]] Result<std::string> run(const std::vector<std::string>& argv, const std::string& log, Deadline deadline);

}  // namespace cutline::test
