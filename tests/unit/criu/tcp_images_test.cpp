// Images as CRIU 4.2 writes them, put together by hand.
#include "sidecar/criu/tcp_images.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>

#include "sidecar/criu/protobuf.hpp"
#include "sidecar/criu/socket_addresses.hpp"

namespace cutline::criu {
namespace {

constexpr const char* kMagic =
    "\x19\x43\x56\x54"
    "abcd";

std::string entry(const std::string& message) {
  const auto size = static_cast<std::uint32_t>(message.size());
  return std::string{reinterpret_cast<const char*>(&size), 4} + message;
}
Field number(std::uint32_t id, std::uint64_t value) { return {id, 0, value, {}}; }
std::uint32_t word(const char* address) {
  std::uint32_t out = 0;
  ::inet_pton(AF_INET, address, &out);
  return out;
}

// inet_sk_entry within file_entry.
std::string socket_entry(std::uint32_t inode, std::uint64_t state, std::uint16_t local, std::uint16_t remote,
                         bool mapped = false) {
  std::vector<Field> socket{number(1, 9),     number(2, inode),       number(3, mapped ? AF_INET6 : AF_INET),
                            number(4, 1),     number(5, IPPROTO_TCP), number(6, state),
                            number(7, local), number(8, remote),      number(9, 2),
                            number(10, 0)};
  for (const auto& [id, address] : {std::pair{11U, "10.0.0.1"}, {12U, "10.0.0.2"}}) {
    if (mapped)
      for (const std::uint32_t high : {std::uint32_t{0}, std::uint32_t{0}, htonl(0xffff)})
        socket.push_back(number(id, high));
    socket.push_back(number(id, word(address)));
  }
  const auto inside = write_message(socket);
  return entry(write_message({number(1, 4), number(2, 9), {4, 2, 0, inside}}));
}

TEST(TheImageOfFiles, TellsWhichConnectionsThereAre) {
  const auto regular = entry(write_message({number(1, 1), number(2, 3), {3, 2, 0, "a file"}}));
  const auto found = tcp_images(kMagic + regular + socket_entry(0x7f, 1, 40001, 80) + socket_entry(0x80, 10, 80, 0));
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->size(), 1U) << "what listens has no stream";
  EXPECT_EQ(found->front().inode, 0x7fU);
  EXPECT_EQ(found->front().connection, (protocol::Connection{{"10.0.0.1", 40001}, {"10.0.0.2", 80}}));
}

TEST(TheImageOfFiles, NamesIPv4BehindIPv6SocketsAsTheCountersDo) {
  const auto found = tcp_images(kMagic + socket_entry(1, 1, 40001, 80, true));
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->front().connection.remote, (protocol::Endpoint{"10.0.0.2", 80}));
}

TEST(TheImageOfFiles, IsCorruptWhereverItIsTorn) {
  const auto whole = kMagic + socket_entry(1, 1, 40001, 80);
  for (std::size_t size = 9; size < whole.size(); ++size) EXPECT_FALSE(tcp_images(whole.substr(0, size))) << size;
}

std::vector<protocol::Connection> named_in(const std::string& files) {
  std::vector<protocol::Connection> out;
  const auto found = tcp_images(files);
  if (found)
    for (const auto& image : *found) out.push_back(image.connection);
  return out;
}

TEST(TheImageOfFiles, TakesOtherAddresses) {
  const auto regular = entry(write_message({number(1, 1), number(2, 3), {3, 2, 0, "a file"}}));
  const auto before = kMagic + regular + socket_entry(1, 1, 40001, 80) + regular + socket_entry(2, 1, 40002, 81, true);
  const auto after = readdress(before, protocol::Readdressing{{{"10.0.0.1", "10.0.0.2"}, {"10.0.0.2", "10.9.8.7"}}});
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_THAT(named_in(*after), testing::ElementsAre(protocol::Connection{{"10.0.0.2", 40001}, {"10.9.8.7", 80}},
                                                     protocol::Connection{{"10.0.0.2", 40002}, {"10.9.8.7", 81}}));
  EXPECT_EQ(*readdress(*after, protocol::Readdressing{{{"10.0.0.2", "10.0.0.1"}, {"10.9.8.7", "10.0.0.2"}}}), before)
      << "nothing else has changed";
}

TEST(TheImageOfFiles, TakesAnotherPortWhereAServiceHadHadItsOwn) {
  const protocol::Connection by_service{{"10.0.0.1", 40001}, {"10.0.0.2", 80}};
  const auto after = readdress(kMagic + socket_entry(1, 1, 40001, 80) + socket_entry(2, 1, 40002, 80),
                               protocol::Readdressing{{}, {{by_service, 0, 0, {"10.0.0.9", 8080}}}});
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_THAT(named_in(*after), testing::ElementsAre(protocol::Connection{{"10.0.0.1", 40001}, {"10.0.0.9", 8080}},
                                                     protocol::Connection{{"10.0.0.1", 40002}, {"10.0.0.2", 80}}));
}

TEST(TheImageOfFiles, LetsNoIPv6AddressTakeThePlaceOfAnIPv4One) {
  const auto after =
      readdress(kMagic + socket_entry(1, 1, 40001, 80), protocol::Readdressing{{{"10.0.0.1", "fd00::1"}}});
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code, Code::Invalid);
}

TEST(TheImageOfFiles, MovesWhatListensOnThePodsOwnAddress) {
  const auto after = readdress(kMagic + socket_entry(1, 10, 80, 0), protocol::Readdressing{{{"10.0.0.1", "10.0.0.9"}}});
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(*readdress(*after, protocol::Readdressing{{{"10.0.0.9", "10.0.0.1"}}}),
            kMagic + socket_entry(1, 10, 80, 0));
  EXPECT_NE(*after, kMagic + socket_entry(1, 10, 80, 0));
}

// tcp_stream_entry: received queue, sent queue, options, window.
std::string stream(std::uint64_t received, std::uint64_t sent) {
  return kMagic +
         entry(write_message({number(1, 3), number(2, received), number(3, 5), number(4, sent), number(5, 7),
                              number(6, 10), number(7, 1460), number(12, 2), number(13, received - 1),
                              number(14, 65536), number(17, received - 2)})) +
         "inqoutqu";
}

TEST(TheImageOfAConnection, MovesItsNumbersAndKeepsAllElse) {
  EXPECT_EQ(*move_on(stream(1000, 2000), {{}, 50, 7}), stream(1007, 2050));
  EXPECT_EQ(*move_on(stream(1000, 2000), {{}, 0, 0}), stream(1000, 2000));
}

TEST(TheImageOfAConnection, MovesThroughTheEndOfTheNumbers) {
  constexpr std::uint64_t kLast = 0xffffffff;
  const auto moved = *move_on(stream(1000, kLast - 1), {{}, 4, static_cast<std::uint32_t>(-10)});
  EXPECT_EQ(moved, stream(990, 2));
}

TEST(TheImageOfAConnection, IsCorruptWhereItIsTorn) {
  const auto whole = stream(1000, 2000);
  for (std::size_t size = 0; size < whole.size() - 8; ++size) EXPECT_FALSE(move_on(whole.substr(0, size), {})) << size;
}

}  // namespace
}  // namespace cutline::criu
