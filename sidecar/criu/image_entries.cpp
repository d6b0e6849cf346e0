#include "sidecar/criu/image_entries.hpp"

#include <arpa/inet.h>

#include <cstring>

namespace cutline::criu {

Result<std::string_view> take_entry(std::string_view& rest) {
  std::uint32_t size = 0;
  if (rest.size() < sizeof size) return fail(Code::Corrupt, "an image ends within an entry's length");
  std::memcpy(&size, rest.data(), sizeof size);
  rest.remove_prefix(sizeof size);
  if (rest.size() < size) return fail(Code::Corrupt, "an image ends within an entry");
  const auto out = rest.substr(0, size);
  rest.remove_prefix(size);
  return out;
}

std::string entry_text(std::string_view message) {
  const auto length = static_cast<std::uint32_t>(message.size());
  std::string out{reinterpret_cast<const char*>(&length), sizeof length};
  out += message;
  return out;
}

std::string address_text(std::uint64_t family, const std::vector<std::uint64_t>& words) {
  std::array<std::uint32_t, 4> raw{};
  for (std::size_t i = 0; i < std::min(raw.size(), words.size()); ++i) raw[i] = static_cast<std::uint32_t>(words[i]);
  const bool mapped = family == AF_INET6 && raw[0] == 0 && raw[1] == 0 && raw[2] == htonl(0xffff);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (family == AF_INET6 && !mapped)
    ::inet_ntop(AF_INET6, raw.data(), text.data(), text.size());
  else
    ::inet_ntop(AF_INET, mapped ? &raw[3] : raw.data(), text.data(), text.size());
  return text.data();
}

Result<std::vector<std::uint64_t>> address_words(const std::string& text, std::size_t count) {
  std::array<std::uint32_t, 4> raw{};
  if (::inet_pton(AF_INET, text.c_str(), raw.data()) == 1) {
    if (count == 1) return std::vector<std::uint64_t>{raw[0]};
    if (count == 4) return std::vector<std::uint64_t>{0, 0, htonl(0xffff), raw[0]};
  } else if (count == 4 && ::inet_pton(AF_INET6, text.c_str(), raw.data()) == 1) {
    return std::vector<std::uint64_t>{raw.begin(), raw.end()};
  }
  return fail(Code::Invalid, "{} cannot take the place of an address of {} words", text, count);
}

}  // namespace cutline::criu
