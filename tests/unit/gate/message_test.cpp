#include "sidecar/netlink/message.hpp"

#include <gtest/gtest.h>

namespace cutline::netlink {
namespace {

struct Fixed {
  std::uint32_t value = 7;
};

View attributes_of(const Message& message) { return message.bytes().subspan(NLMSG_HDRLEN + sizeof(Fixed)); }

TEST(Message, IsReadBackAsItWasWritten) {
  Message message(3, NLM_F_CREATE, Fixed{});
  message.text(1, "name").be32(2, 0x01020304);
  message.nest(3, [&] { message.u8(1, 9).nest(2, [&] { message.be16(5, 0x0a0b); }); });
  message.be64(4, 1);
  const auto header = read_prefix<nlmsghdr>(message.bytes());
  EXPECT_EQ(header.nlmsg_len, message.size());
  EXPECT_EQ(header.nlmsg_type, 3);
  EXPECT_EQ(header.nlmsg_flags, NLM_F_REQUEST | NLM_F_CREATE);
  const Attributes all{attributes_of(message)};
  EXPECT_EQ(all.find(1)->size(), 5u);
  EXPECT_EQ(std::to_integer<int>((*all.find(2))[0]), 1);
  EXPECT_EQ(std::to_integer<int>(all.nested(3).find(1)->front()), 9);
  EXPECT_EQ(std::to_integer<int>((*all.nested(3).nested(2).find(5))[1]), 0x0b);
  EXPECT_EQ(all.find(4)->size(), 8u);
  EXPECT_FALSE(all.find(5));
}

TEST(Attributes, CutShortAnywhereAreNeverReadPastTheirEnd) {
  Message message(3, 0, Fixed{});
  message.text(1, "some text").nest(2, [&] { message.be32(1, 1); });
  const auto whole = attributes_of(message);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const Attributes read{cut};
    if (const auto found = read.find(2)) {
      EXPECT_LE(found->data() + found->size(), cut.data() + cut.size());
    }
    (void)read.nested(2).find(1);
  }
}

TEST(Attributes, WithAnImpossibleLengthEndTheSearch) {
  const nlattr zero{0, 1};
  EXPECT_FALSE(Attributes{bytes_of(zero)}.find(1));
}

TEST(Prefix, OfAShorterValueLeavesTheRestZero) {
  const std::uint8_t one = 5;
  EXPECT_EQ(read_prefix<std::uint32_t>(bytes_of(one)), 5u);
}

}  // namespace
}  // namespace cutline::netlink
