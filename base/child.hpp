// A program started in its own process group, that ends by a deadline. Nothing is inherited but what is named.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/deadline.hpp"
#include "base/fd.hpp"

namespace cutline {

// A file without a name, to be read from its beginning.
[[nodiscard]] Result<Fd> memory_file(const std::string& text);

// Whose rights a program gets, whole: user, groups, and the capabilities that a container was given.
struct Identity {
  unsigned uid = 0;
  unsigned gid = 0;
  std::vector<unsigned> groups;
  std::uint64_t bounding = 0, inheritable = 0, ambient = 0;  // capabilities, one bit each
  bool no_new_privileges = false;
};
// A user who may read, write and give away every file, and nothing else.
[[nodiscard]] Identity keeper_of_files(unsigned uid);

struct Ended {
  int code = 0;            // of exit(), or 128 + signal
  std::string said;        // on standard output and error
  std::string complained;  // on standard error, if the two were kept apart
};

// A program that was started. Its whole process group is killed with the object, unless wait() has seen its end.
class Running {
 public:
  Running(Running&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)),
        output_(std::move(other.output_)),
        errors_(std::move(other.errors_)),
        name_(std::move(other.name_)),
        most_(other.most_) {}
  Running& operator=(Running&&) = delete;
  ~Running();

  // Whether it ends by the deadline. It stays to be waited for.
  [[nodiscard]] bool ends(Deadline deadline) const;
  // Timeout: the group was killed and is gone. Call once.
  [[nodiscard]] Result<Ended> wait(Deadline deadline);
  // What it has written so far from this byte on, of its standard output or of its errors; bounded.
  [[nodiscard]] std::string output(std::size_t from) const;
  [[nodiscard]] std::string errors(std::size_t from) const;
  [[nodiscard]] pid_t group() const { return pid_; }

 private:
  friend class Child;
  Running(pid_t pid, Fd output, Fd errors, std::string name, std::size_t most)
      : pid_(pid), output_(std::move(output)), errors_(std::move(errors)), name_(std::move(name)), most_(most) {}
  pid_t pid_;  // and its process group; 0: ended
  Fd output_;
  Fd errors_;  // none: together with the output
  std::string name_;
  std::size_t most_;
};

// The arguments may name the program's descriptors: inherit() gives each a number that it keeps across exec.
class Child {
 public:
  // `fd` stays the caller's, and must live until start() returns. Returns "/proc/self/fd/N" for the new program.
  std::string inherit(int fd);
  // The bare number N.
  int inherit_number(int fd);

  std::string name = "a program";  // in messages
  // cgroup.procs files: the program stands there from its first instruction on.
  std::vector<int> entrances;
  bool dies_with_caller = false;         // killed when the calling thread ends
  std::vector<std::string> arguments;    // arguments[0] is the path to execute
  std::vector<std::string> environment;  // nothing is inherited
  std::string input;                     // on its standard input
  bool apart = false;                    // standard error is kept apart from standard output
  std::size_t most = 64U << 10U;         // so much of its output is handed on
  int folder = -1;                       // it starts there; -1: where the caller is
  int nice = 0;                          // it waits for others with processor and disk
  std::optional<Identity> identity;      // instead of the caller's; for root only
  int output = -1;                       // both its output and its errors go there; -1: to be had from Running

  // In the namespaces of the calling thread, in which it stays.
  [[nodiscard]] Result<Running> start() const;
  // Starts it and waits for its end.
  [[nodiscard]] Result<Ended> run(Deadline deadline) const;

 private:
  std::vector<int> inherited_;
};

}  // namespace cutline
