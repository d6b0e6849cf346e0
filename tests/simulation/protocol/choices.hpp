// What chance decides in a simulated world: a list of numbers, so that a run can be repeated, and shrunk by a property
// test. When it is used up everything goes well: nothing is lost, late or broken any more.
#pragma once

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace cutline::simulation {

class Choices {
 public:
  explicit Choices(std::vector<std::uint16_t> numbers) : numbers_(std::move(numbers)) {}

  // The same list for the same seed on every machine.
  [[nodiscard]] static Choices of_seed(std::uint32_t seed, std::size_t length) {
    std::mt19937 random(seed);
    std::vector<std::uint16_t> numbers(length);
    for (auto& number : numbers) number = static_cast<std::uint16_t>(random());
    return Choices(std::move(numbers));
  }

  [[nodiscard]] bool left() const { return next_ < numbers_.size(); }
  // One of 0 .. n-1; 0 when used up.
  [[nodiscard]] std::size_t pick(std::size_t n) { return left() ? numbers_[next_++] % n : 0; }
  // False when used up, and for the number 0, to which property tests shrink.
  [[nodiscard]] bool chance(unsigned percent) { return pick(100) >= 100 - percent; }

 private:
  std::vector<std::uint16_t> numbers_;
  std::size_t next_ = 0;
};

}  // namespace cutline::simulation
