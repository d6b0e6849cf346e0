// The one message schema between operator and sidecars: JSON, one message a frame; a frame is a length (4 bytes,
// big-endian) and that many bytes. An id pairs a reply with its command. Unknown members are ignored, unknown types are
// an error, and everything is bounded: a frame over its limit ends the connection before it is read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/messages.hpp"

namespace cutline::control {

inline constexpr std::size_t kCommandLimit = 16U << 20U;  // Restore has a row for each connection
inline constexpr std::size_t kReplyLimit = 64U << 20U;    // a reply carries the counters of all connections

struct CommandFrame {
  std::uint64_t id = 0;
  protocol::Command command;
};
struct ReplyFrame {
  std::uint64_t id = 0;
  protocol::Reply reply;
};

[[nodiscard]] std::string encode(const CommandFrame& frame);
[[nodiscard]] std::string encode(const ReplyFrame& frame);
[[nodiscard]] Result<CommandFrame> decode_command(std::string_view json);
[[nodiscard]] Result<ReplyFrame> decode_reply(std::string_view json);

}  // namespace cutline::control
