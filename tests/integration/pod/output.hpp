// What a container has written to its standard output and error, as the container runtime would read it. Not
// thread-safe.
#pragma once

#include <functional>
#include <string>

#include "base/deadline.hpp"
#include "base/fd.hpp"

namespace cutline::test {

class Output {
 public:
  Output() = default;
  explicit Output(Fd read_end);

  // Everything so far; takes in what the pipe holds.
  [[nodiscard]] const std::string& text();
  // Timeout shows the last of what came.
  [[nodiscard]] Status wait(const std::function<bool(const std::string&)>& holds, Deadline deadline);

 private:
  Fd pipe_;
  std::string text_;
};

// The numbers N of the whole lines "WORD N".
[[nodiscard]] std::vector<long> numbers_of(const std::string& text, const std::string& word);

}  // namespace cutline::test
