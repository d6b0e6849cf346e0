#include "e2e/workloads/ledger/dns.hpp"

#include <algorithm>

namespace cutline::ledger::dns {
namespace {

constexpr std::size_t header_size = 12;
constexpr std::uint16_t type_address = 1, class_internet = 1;

// Reads in order; beyond the end everything is 0, and `whole` false.
struct Reader {
  std::string_view bytes;
  bool whole = true;
  std::uint32_t take(std::size_t count) {
    std::uint32_t out = 0;
    if (bytes.size() < count) whole = false;
    for (std::size_t i = 0; whole && i < count; ++i) out = out << 8U | static_cast<unsigned char>(bytes[i]);
    bytes.remove_prefix(std::min(count, bytes.size()));
    return out;
  }
  void skip_name() {
    for (;;) {
      const auto length = take(1);
      if (length >= 0xc0) return (void)take(1);  // the rest stands elsewhere
      if (length == 0) return;
      bytes.remove_prefix(std::min<std::size_t>(length, bytes.size()));
    }
  }
};

void put(std::string& out, std::uint16_t value) {
  out += static_cast<char>(value >> 8U);
  out += static_cast<char>(value & 0xffU);
}

}  // namespace

std::string name_server(std::string_view conf) {
  constexpr std::string_view key = "nameserver ";
  while (!conf.empty()) {
    const auto line = conf.substr(0, conf.find('\n'));
    if (line.starts_with(key) && line.find(':') == std::string_view::npos) {
      const auto value = line.substr(key.size());
      return std::string{value.substr(0, value.find_first_of(" \t\r"))};
    }
    conf.remove_prefix(std::min(line.size() + 1, conf.size()));
  }
  return {};
}

std::string question(std::uint16_t id, std::string_view name) {
  std::string out;
  put(out, id);
  put(out, 0x0100);                                // recursion desired
  out += std::string_view{"\0\1\0\0\0\0\0\0", 8};  // one question, nothing else
  while (!name.empty()) {
    const auto label = name.substr(0, name.find('.')).substr(0, 63);
    out += static_cast<char>(label.size());
    out += label;
    name.remove_prefix(std::min(label.size() + 1, name.size()));
  }
  out += '\0';
  put(out, type_address);
  put(out, class_internet);
  return out;
}

std::optional<std::uint32_t> address(std::uint16_t id, std::string_view answer) {
  if (answer.size() < header_size) return std::nullopt;
  Reader reader{answer};
  const auto answered = reader.take(2), flags = reader.take(2), questions = reader.take(2), answers = reader.take(2);
  (void)reader.take(4);
  if (answered != id || (flags & 0x8000U) == 0 || (flags & 0xfU) != 0) return std::nullopt;
  for (std::uint32_t i = 0; i < questions && reader.whole; ++i) {
    reader.skip_name();
    (void)reader.take(4);
  }
  for (std::uint32_t i = 0; i < answers && reader.whole; ++i) {
    reader.skip_name();
    const auto type = reader.take(2), kind = reader.take(2);
    (void)reader.take(4);
    const auto length = reader.take(2);
    if (type == type_address && kind == class_internet && length == 4) {
      const auto found = reader.take(4);
      return reader.whole ? std::optional{found} : std::nullopt;
    }
    reader.bytes.remove_prefix(std::min<std::size_t>(length, reader.bytes.size()));
  }
  return std::nullopt;
}

}  // namespace cutline::ledger::dns
