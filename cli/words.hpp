// Sizes, ages, plurals and columns, for people. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/objects.hpp"

namespace cutline::cli {

[[nodiscard]] std::string bytes(std::uint64_t n);                       // "512 B", "3.2 KiB"
[[nodiscard]] std::string ago(std::optional<Time> then, Time now);      // "4m ago"; "at an unknown time"
[[nodiscard]] std::string lasts(std::chrono::seconds time);             // "4m"
[[nodiscard]] std::string count(std::size_t n, std::string_view noun);  // "1 pod", "3 pods"
[[nodiscard]] std::size_t columns_of(std::string_view utf8);  // characters; none of ours is wider than one column
[[nodiscard]] std::string shortened(std::string_view utf8, std::size_t columns);

// Rows of cells, the first a heading; columns are aligned, the last one is as long as it is.
[[nodiscard]] std::string table(const std::vector<std::vector<std::string>>& rows, std::string_view indent = "");
// Folded at spaces; lines after the first begin with `indent`.
[[nodiscard]] std::string folded(std::string_view text, std::size_t width, std::string_view indent = "");

}  // namespace cutline::cli
