// /proc/PID/fdinfo/N: lines of "name: value".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cutline::preflight {

// Empty if there is no such line.
[[nodiscard]] std::string_view field(std::string_view info, std::string_view name);
// 0 if there is none.
[[nodiscard]] std::uint64_t number(std::string_view text, int base = 10);
[[nodiscard]] std::uint64_t flags_of(std::string_view info);  // open(2) flags

}  // namespace cutline::preflight
