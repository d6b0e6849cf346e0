// Netlink messages, written and read. The buffer grows, so a message is never cut; reading never looks past the end.
// Values are in the host's order unless the name says "be". Not thread-safe. linux/netlink.h.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace cutline::netlink {

using View = std::span<const std::byte>;

template <class T>
[[nodiscard]] View bytes_of(const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  return std::as_bytes(std::span{&value, 1});
}

class Message {
 public:
  // NLM_F_REQUEST is added to `flags`. `fixed` is the family's own header.
  template <class Fixed>
  Message(std::uint16_t type, std::uint16_t flags, const Fixed& fixed) : Message(type, flags) {
    append(bytes_of(fixed));
  }

  Message& raw(std::uint16_t type, View value);
  Message& text(std::uint16_t type, std::string_view value);  // zero-terminated on the wire
  Message& u8(std::uint16_t type, std::uint8_t value) { return raw(type, bytes_of(value)); }
  Message& be16(std::uint16_t type, std::uint16_t value);
  Message& be32(std::uint16_t type, std::uint32_t value);
  Message& be64(std::uint16_t type, std::uint64_t value);
  // Everything that `inside` adds becomes the nested value of one attribute (at most 65531 bytes).
  template <class Inside>
  Message& nest(std::uint16_t type, Inside&& inside) {
    const auto start = open_nest(type);
    inside();
    close_nest(start);
    return *this;
  }

  [[nodiscard]] View bytes() const { return buffer_; }
  [[nodiscard]] std::size_t size() const { return buffer_.size(); }

 private:
  friend class Socket;  // which numbers the messages as it sends them
  Message(std::uint16_t type, std::uint16_t flags);
  void append(View value);
  [[nodiscard]] std::size_t open_nest(std::uint16_t type);
  void close_nest(std::size_t start);
  void add_flags(std::uint16_t flags);
  void set_sequence(std::uint32_t sequence);
  void update_length();

  std::vector<std::byte> buffer_;
};

// The attributes behind a message's fixed header, or inside a nested attribute.
class Attributes {
 public:
  explicit Attributes(View bytes) : bytes_(bytes) {}
  [[nodiscard]] std::optional<View> find(std::uint16_t type) const;
  [[nodiscard]] Attributes nested(std::uint16_t type) const;                    // empty if it is not there
  void each(std::uint16_t type, const std::function<void(View)>& visit) const;  // of a list

 private:
  View bytes_;
};

// The leading sizeof(T) bytes as a T; a shorter value (an older kernel) leaves the rest zero.
template <class T>
[[nodiscard]] T read_prefix(View bytes) {
  static_assert(std::is_trivially_copyable_v<T>);
  T out{};
  std::memcpy(static_cast<void*>(&out), bytes.data(), std::min(sizeof out, bytes.size()));
  return out;
}

}  // namespace cutline::netlink
