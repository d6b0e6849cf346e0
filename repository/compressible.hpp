// Whether compressing pays. restic compresses all that it stores or nothing; memory that is encrypted, compressed or
// random only costs processor time then.
#pragma once

#include <string_view>

#include "base/result.hpp"

namespace cutline::repository {

// To how much of its size zlib's fastest level brings it: at least 1 for what does not shrink, 1 of nothing.
[[nodiscard]] double shrinks_to(std::string_view sample);

// By a sample: blocks spread evenly over the bytes of all files in the folder, about a megabyte in all.
[[nodiscard]] Result<bool> worth_compressing(const std::string& folder);

}  // namespace cutline::repository
