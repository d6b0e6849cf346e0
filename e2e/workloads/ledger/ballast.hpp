// Memory that makes a pod heavy: every page is touched, some are rewritten all the time, and each tells whether it
// changed by itself.
#pragma once

#include <cstdint>
#include <vector>

#include "e2e/workloads/ledger/frame.hpp"

namespace cutline::ledger {

class Ballast {
 public:
  explicit Ballast(std::uint64_t megabytes) : words_((megabytes << 20U) / sizeof(std::uint64_t)) {
    for (std::uint64_t page = 0; page < pages(); ++page) stamp(page, 0);
  }
  [[nodiscard]] std::uint64_t pages() const { return words_.size() / words_a_page; }
  [[nodiscard]] std::uint64_t rewritten() const { return rewritten_; }
  void rewrite(std::uint64_t random) {
    if (pages() != 0) stamp(random % pages(), ++rewritten_);
  }
  [[nodiscard]] std::uint64_t damaged() const {
    std::uint64_t count = 0;
    for (std::uint64_t page = 0; page < pages(); ++page) {
      const auto* at = &words_[page * words_a_page];
      if (at[0] != page || at[words_a_page - 1] != checksum(page, at[1], 0)) ++count;
    }
    return count;
  }

 private:
  static constexpr std::uint64_t words_a_page = 4096 / sizeof(std::uint64_t);
  void stamp(std::uint64_t page, std::uint64_t value) {
    auto* at = &words_[page * words_a_page];
    at[0] = page;
    at[1] = value;
    at[words_a_page - 1] = checksum(page, value, 0);
  }
  std::vector<std::uint64_t> words_;
  std::uint64_t rewritten_ = 0;
};

}  // namespace cutline::ledger
