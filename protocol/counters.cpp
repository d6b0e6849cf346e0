#include "protocol/counters.hpp"

#include <fmt/format.h>

#include <charconv>

namespace cutline::protocol {

std::string show(const Endpoint& endpoint) {
  const auto& [address, port] = endpoint;
  if (port == 0) return address;
  return address.contains(':') ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
}

Endpoint parse_endpoint(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return {text, 0};
  auto address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  std::uint16_t port = 0;
  const auto* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data() + colon + 1, end, port);
  return {std::move(address), error == std::errc{} && last == end ? port : std::uint16_t{0}};
}

}  // namespace cutline::protocol
