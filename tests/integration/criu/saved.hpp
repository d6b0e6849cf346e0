// What the tests of this folder have in common: save a container as the participant does, end it, put it back.
#pragma once

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "sidecar/criu/exit_watch.hpp"
#include "sidecar/criu/runner.hpp"
#include "tests/integration/pod/container.hpp"
#include "tests/integration/pod/pod.hpp"

namespace cutline::test {

inline constexpr Millis kPatience{20'000};
[[nodiscard]] inline Deadline soon() { return Deadline::after(kPatience); }

// Ends the test with the error's message.
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
  // The last N of the lines "WORD N" before the snapshot.
  [[nodiscard]] long last(const std::string& word = "count") const { return numbers_of(output, word).back(); }
};
[[nodiscard]] Result<Saved> save(const criu::Runner& runner, Container& container, const std::string& name = "1",
                                 Deadline deadline = soon());

// Tells the launcher that its tree will go, and ends it. Returns the length of the output so far.
[[nodiscard]] Result<std::size_t> end_tree(Container& container);
// Restores, and tells the launcher whom to watch.
[[nodiscard]] Result<criu::RestoreReport> put_back(const criu::Runner& runner, Container& container,
                                                   const std::string& images);

// The numbers of the lines "WORD N" that came after the first `from` bytes of output, once there are three.
[[nodiscard]] Result<std::vector<long>> next_numbers(Container& container, std::size_t from,
                                                     const std::string& word = "count");

// A runner on the test's bundle, and containers that are seen to work before anything is done to them.
struct Saving : testing::Test {
  criu::Runner runner = must(criu::Runner::open(criu_bundle(), criu_cache()));
  [[nodiscard]] static Container running(ContainerOptions options, const std::string& word = "count");
};

}  // namespace cutline::test
