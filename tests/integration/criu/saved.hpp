// What the tests of this folder have in common: save a container as the participant does, end it, put it back.
#pragma once

#include <string>

#include "sidecar/criu/exit_watch.hpp"
#include "sidecar/criu/runner.hpp"
#include "tests/integration/pod/container.hpp"

namespace cutline::test {

inline constexpr Millis kPatience{20'000};
[[nodiscard]] inline Deadline soon() { return Deadline::after(kPatience); }

// Stops the test with the error's message.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

[[nodiscard]] std::string new_folder(const std::string& name);

// Frozen while dumped; thawed when it returns.
struct Saved {
  std::string images;
  std::string output;  // all that had been written when the tree was frozen
  criu::DumpReport report;
  Micros frozen{0};
};
[[nodiscard]] Result<Saved> save(const criu::Runner& runner, Container& container, const std::string& name = "1");

// Kills what there is, restores, and tells the launcher whom to watch.
[[nodiscard]] Result<criu::RestoreReport> put_back(const criu::Runner& runner, Container& container,
                                                   const std::string& images);

// The output that came after the first `from.size()` bytes, once it has at least three lines "WORD N".
[[nodiscard]] Result<std::vector<long>> next_numbers(Container& container, std::size_t from, const std::string& word);

}  // namespace cutline::test
