// File names are bytes, JSON strings are not: %XX for everything but plain ASCII, '%', '"' and '\'.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cutline::files {

[[nodiscard]] std::string escape(std::string_view bytes);
[[nodiscard]] std::optional<std::string> unescape(std::string_view text);

}  // namespace cutline::files
