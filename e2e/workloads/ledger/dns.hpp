// The bytes of a DNS question for an IPv4 address and of its answer (RFC 1035, 4.1). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cutline::ledger::dns {

// The first IPv4 `nameserver` of a resolv.conf; empty if there is none.
[[nodiscard]] std::string name_server(std::string_view resolv_conf);

[[nodiscard]] std::string question(std::uint16_t id, std::string_view name);

// The first address of the answer, in the host's byte order.
[[nodiscard]] std::optional<std::uint32_t> address(std::uint16_t id, std::string_view answer);

}  // namespace cutline::ledger::dns
