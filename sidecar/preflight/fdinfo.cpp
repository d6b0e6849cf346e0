#include "sidecar/preflight/fdinfo.hpp"

#include <charconv>

namespace cutline::preflight {

std::string_view field(std::string_view info, std::string_view name) {
  while (!info.empty()) {
    auto line = info.substr(0, info.find('\n'));
    info.remove_prefix(std::min(line.size() + 1, info.size()));
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ':') continue;
    line.remove_prefix(name.size() + 1);
    const auto begin = line.find_first_not_of(" \t");
    return begin == std::string_view::npos ? std::string_view{} : line.substr(begin);
  }
  return {};
}

std::uint64_t number(std::string_view text, int base) {
  std::uint64_t out = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), out, base);
  return out;
}

std::uint64_t flags_of(std::string_view info) { return number(field(info, "flags"), 8); }

}  // namespace cutline::preflight
