#include "sidecar/files/escape.hpp"

namespace cutline::files {
namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";

bool plain(unsigned char c) { return c >= 0x20 && c < 0x7f && c != '%' && c != '"' && c != '\\'; }

}  // namespace

std::string escape(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (const char byte : bytes) {
    const auto c = static_cast<unsigned char>(byte);
    if (plain(c)) {
      out += byte;
    } else {
      out += {'%', kHex[c >> 4U], kHex[c & 15U]};
    }
  }
  return out;
}

std::optional<std::string> unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = kHex.find(text[i + 1]);
    const auto low = kHex.find(text[i + 2]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

}  // namespace cutline::files
