// A short text of bounded size, held in place: no heap, trivially copied. What does not fit is refused, never cut.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace cutline::launcher {

template <std::size_t N>
class Text {
 public:
  constexpr Text() = default;
  [[nodiscard]] static constexpr std::optional<Text> of(std::string_view from) {
    Text text;
    if (!text.append(from)) return std::nullopt;
    return text;
  }
  // False, and nothing appended, if it does not fit.
  [[nodiscard]] constexpr bool append(std::string_view more) {
    if (more.size() > N - size_) return false;
    for (const char c : more) bytes_[size_++] = c;
    return true;
  }
  [[nodiscard]] constexpr std::string_view view() const { return {bytes_.data(), size_}; }
  [[nodiscard]] constexpr bool operator==(const Text& other) const { return view() == other.view(); }

 private:
  std::array<char, N> bytes_{};
  std::size_t size_ = 0;
};

}  // namespace cutline::launcher
