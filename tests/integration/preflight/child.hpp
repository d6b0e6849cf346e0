// A process in a mount namespace of its own that has made one object and stands still; ended, with all that it started,
// by the object.
#pragma once

#include <functional>
#include <vector>

#include "protocol/messages.hpp"

namespace cutline::preflight {

class Child {
 public:
  // `make` runs in the process and returns 0, or the errno that says why the object cannot be made: then this throws.
  explicit Child(const std::function<int()>& make);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] int pid() const { return pid_; }
  [[nodiscard]] std::vector<int> tree() const;  // and all below it
  [[nodiscard]] std::vector<protocol::Finding> inspect() const;
  // Again and again until something is found: for objects that need a moment to get into their state.
  [[nodiscard]] std::vector<protocol::Finding> inspect_until_found() const;

 private:
  int pid_ = -1;
};

// 0 if `result` is none of a failed call, else errno.
[[nodiscard]] int made(long result);

// One of the findings is this: fatal or not, object and remedy contain the words.
void expect_finding(const std::vector<protocol::Finding>& findings, bool fatal, const char* object, const char* remedy);

}  // namespace cutline::preflight
