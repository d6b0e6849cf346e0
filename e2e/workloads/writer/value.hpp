// The value of a write follows from its number: whoever has the number knows each byte of it. Pure.
#pragma once

#include <optional>
#include <string>

#include "e2e/workloads/writer/server.hpp"

namespace cutline::writer {

// "SERIES/NUMBER:" and then letters and digits, 40 to 1200 bytes in all.
[[nodiscard]] Write write_of(Series series, std::uint64_t number);

// "w/SERIES/NUMBER" with any single separator: for servers that know keys and subjects only.
[[nodiscard]] std::string key_of(const Write& write, char separator);
[[nodiscard]] std::optional<Write> from_key(std::string_view key, char separator, std::string value);

}  // namespace cutline::writer
