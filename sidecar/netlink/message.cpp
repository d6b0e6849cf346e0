#include "sidecar/netlink/message.hpp"

#include <endian.h>

namespace cutline::netlink {
namespace {

constexpr std::size_t aligned(std::size_t size) { return (size + NLMSG_ALIGNTO - 1) / NLMSG_ALIGNTO * NLMSG_ALIGNTO; }

}  // namespace

Message::Message(std::uint16_t type, std::uint16_t flags) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  append(bytes_of(header));
}

void Message::append(View value) {
  buffer_.insert(buffer_.end(), value.begin(), value.end());
  buffer_.resize(aligned(buffer_.size()));
  update_length();
}

Message& Message::raw(std::uint16_t type, View value) {
  nlattr header{};
  header.nla_type = type;
  header.nla_len = static_cast<std::uint16_t>(NLA_HDRLEN + value.size());
  append(bytes_of(header));
  append(value);
  return *this;
}

Message& Message::text(std::uint16_t type, std::string_view value) {
  std::vector<char> terminated(value.begin(), value.end());
  terminated.push_back('\0');
  return raw(type, std::as_bytes(std::span{terminated}));
}

Message& Message::be16(std::uint16_t type, std::uint16_t value) { return raw(type, bytes_of(htobe16(value))); }
Message& Message::be32(std::uint16_t type, std::uint32_t value) { return raw(type, bytes_of(htobe32(value))); }
Message& Message::be64(std::uint16_t type, std::uint64_t value) { return raw(type, bytes_of(htobe64(value))); }

std::size_t Message::open_nest(std::uint16_t type) {
  const auto start = buffer_.size();
  raw(static_cast<std::uint16_t>(type | NLA_F_NESTED), {});
  return start;
}

void Message::close_nest(std::size_t start) {
  const auto length = static_cast<std::uint16_t>(buffer_.size() - start);
  std::memcpy(buffer_.data() + start + offsetof(nlattr, nla_len), &length, sizeof length);
}

void Message::add_flags(std::uint16_t flags) {
  auto all = read_prefix<nlmsghdr>(buffer_).nlmsg_flags;
  all = static_cast<std::uint16_t>(all | flags);
  std::memcpy(buffer_.data() + offsetof(nlmsghdr, nlmsg_flags), &all, sizeof all);
}

void Message::set_sequence(std::uint32_t sequence) {
  std::memcpy(buffer_.data() + offsetof(nlmsghdr, nlmsg_seq), &sequence, sizeof sequence);
}

void Message::update_length() {
  const auto length = static_cast<std::uint32_t>(buffer_.size());
  std::memcpy(buffer_.data() + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
}

std::optional<View> Attributes::find(std::uint16_t type) const {
  std::optional<View> out;
  each(type, [&](View value) {
    if (!out) out = value;
  });
  return out;
}

void Attributes::each(std::uint16_t type, const std::function<void(View)>& visit) const {
  for (auto rest = bytes_; rest.size() >= NLA_HDRLEN;) {
    const auto header = read_prefix<nlattr>(rest);
    if (header.nla_len < NLA_HDRLEN || header.nla_len > rest.size()) return;
    if ((header.nla_type & NLA_TYPE_MASK) == type) visit(rest.subspan(NLA_HDRLEN, header.nla_len - NLA_HDRLEN));
    rest = rest.subspan(std::min(rest.size(), aligned(header.nla_len)));
  }
}

Attributes Attributes::nested(std::uint16_t type) const { return Attributes{find(type).value_or(View{})}; }

}  // namespace cutline::netlink
