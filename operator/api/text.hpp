// How durations, sizes and members are written in the API: "5s", "1m30s", "12.3ms", "3/3". Pure.
#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"

namespace cutline::op {

// As Kubernetes and the CRDs take it: a sequence of numbers with ms, s, m or h.
[[nodiscard]] Result<Millis> parse_duration(std::string_view text);

// As Kubernetes takes it: a number, with k, M, G, T, P, E or Ki, Mi, Gi, Ti, Pi, Ei after it; bytes.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);

// Short, for a column: "950us", "12.3ms", "4.71s".
[[nodiscard]] std::string show(Micros duration);
// For a sentence: "12.3 MiB".
[[nodiscard]] std::string show(Bytes size);

}  // namespace cutline::op
