#include "e2e/workloads/redis/resp.hpp"

#include <gtest/gtest.h>

namespace cutline::redis {
namespace {

TEST(Resp, ACommandIsAnArrayOfItsWords) {
  std::string out;
  append_command(out, {"SET", "key:1", ""});
  EXPECT_EQ(out, "*3\r\n$3\r\nSET\r\n$5\r\nkey:1\r\n$0\r\n\r\n");
}

TEST(Resp, AReplyIsTakenOnlyWhenItIsWhole) {
  const std::string_view whole = "*3\r\n$2\r\na\n\r\n$-1\r\n:7\r\n";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    auto part = whole.substr(0, size);
    EXPECT_FALSE(take_reply(part)) << size;
    EXPECT_EQ(part.size(), size);
  }
  std::string bytes{whole};
  bytes += "+OK\r\n";
  std::string_view rest = bytes;
  const auto reply = take_reply(rest);
  ASSERT_TRUE(reply && reply->elements.size() == 3);
  EXPECT_EQ(reply->elements[0].text, "a\n");
  EXPECT_TRUE(reply->elements[1].null);
  EXPECT_EQ(reply->elements[2].text, "7");
  EXPECT_EQ(take_reply(rest)->text, "OK");
  EXPECT_TRUE(rest.empty());
}

TEST(Resp, WhatIsNotRespIsSaidToBeSo) {
  for (std::string_view bytes : {"HTTP/1.1 400\r\n", "$x\r\n", "\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n+x\r\n"}) {
    auto rest = bytes;
    auto reply = take_reply(rest);
    ASSERT_TRUE(reply) << bytes;
    while (!reply->elements.empty()) reply = Reply{reply->elements[0]};
    EXPECT_EQ(reply->type, '?') << bytes;
  }
}

TEST(Resp, AFieldOfInfoIsFoundByItsWholeName) {
  constexpr std::string_view info = "# Replication\r\nrole:slave\r\nmaster_link_status:up\r\nslave_repl_offset:42\r\n";
  EXPECT_EQ(info_field(info, "slave_repl_offset"), "42");
  EXPECT_EQ(info_field(info, "repl_offset"), std::nullopt);
  EXPECT_EQ(info_field(info, "master_link"), std::nullopt);
}

}  // namespace
}  // namespace cutline::redis
