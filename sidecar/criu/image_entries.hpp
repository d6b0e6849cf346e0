// CRIU's image files, as far as rewriting them needs: two magic numbers, then for each entry its length and a message.
// Inside of this room only. images/fdinfo.proto, images/sk-inet.proto.
#pragma once

#include "sidecar/criu/protobuf.hpp"

namespace cutline::criu {

inline constexpr std::size_t kMagic = 8;

namespace inet {
inline constexpr std::uint32_t kSocket = 4;  // in file_entry: the inet_sk_entry, whose fields follow
inline constexpr std::uint32_t kInode = 2, kFamily = 3, kProtocol = 5, kState = 6, kSourcePort = 7,
                               kDestinationPort = 8, kSource = 11, kDestination = 12;
}  // namespace inet

// One entry with its length before it, taken from the front. Corrupt: it is torn.
[[nodiscard]] Result<std::string_view> take_entry(std::string_view& rest);
[[nodiscard]] std::string entry_text(std::string_view message);  // with its length

// The words of an address are as in memory, in the network's order. IPv4 in IPv6 is IPv4, as in the counters.
[[nodiscard]] std::string address_text(std::uint64_t family, const std::vector<std::uint64_t>& words);
// As many words as such an address had before. Invalid: it does not fit.
[[nodiscard]] Result<std::vector<std::uint64_t>> address_words(const std::string& text, std::size_t count);

}  // namespace cutline::criu
