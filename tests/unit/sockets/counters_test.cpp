#include "sidecar/sockets/counters.hpp"

#include <gtest/gtest.h>

#include "tests/unit/sockets/sample.hpp"

namespace cutline::sockets {
namespace {

TEST(Counters, OfTheConnectingEndDoNotCountItsSyn) {
  EXPECT_EQ(moved(socket_of(1, {.acked = 101, .received = 50}), Origin::Connected), (Moved{100, 100, 50}));
}

TEST(Counters, OfAcceptedAndRestoredEndsHaveNoSyn) {
  EXPECT_EQ(moved(socket_of(1, {.acked = 100, .received = 50}), Origin::Accepted), (Moved{100, 100, 50}));
  EXPECT_EQ(moved(socket_of(1, {.acked = 100, .received = 50}), Origin::Restored), (Moved{100, 100, 50}));
}

TEST(Counters, TellWhatWasSentFromWhatStillWaits) {
  const auto socket = with_send_queue(socket_of(1, {.acked = 101, .not_sent = 30}), 50);
  EXPECT_EQ(moved(socket, Origin::Connected), (Moved{100, 120, 0}));
}

// "I send no more" is a message: one end must not know it while the other has not said it.
TEST(Counters, CountAFinAsAByteOfItsSenderInEveryClosingState) {
  using enum TcpState;
  EXPECT_EQ(moved(with_send_queue(socket_of(1, {.acked = 10}, FinWait1), 6), Origin::Accepted), (Moved{10, 16, 0}));
  EXPECT_EQ(moved(with_send_queue(socket_of(1, {.acked = 10, .not_sent = 3}, FinWait1), 6), Origin::Accepted),
            (Moved{10, 13, 0}));
  EXPECT_EQ(moved(socket_of(1, {.acked = 11}, FinWait2), Origin::Accepted), (Moved{11, 11, 0}));
  EXPECT_EQ(moved(socket_of(1, {.acked = 10, .received = 8}, CloseWait), Origin::Accepted), (Moved{10, 10, 8}));
  EXPECT_EQ(moved(with_send_queue(socket_of(1, {.acked = 10, .received = 8}, LastAck), 1), Origin::Accepted),
            (Moved{10, 11, 8}));
}

TEST(Counters, OfADestroyedSocketAreReadAsThoseOfALiveOne) {
  EXPECT_EQ(moved_in_all(socket_of(1, {.acked = 12, .received = 8, .sent = 10}, TcpState::Close), Origin::Connected),
            (Moved{11, 11, 8}));
}

TEST(Counters, OfADestroyedSocketThatNobodyAnsweredDoNotExist) {
  EXPECT_FALSE(moved_in_all(with_send_queue(socket_of(1, {}, TcpState::Close), 1), Origin::Connected));
}

TEST(Counters, OfSocketsThatAreNotConnectedDoNotExist) {
  EXPECT_FALSE(moved(socket_of(1, {}, TcpState::SynSent), Origin::Connected));
  auto listening = socket_of(1, {}, TcpState::Listen);
  listening.tcp.reset();
  EXPECT_FALSE(moved(listening, Origin::Accepted));
}

TEST(Origins, AreToldByTheSynAmongTheSequenceNumbers) {
  EXPECT_EQ(origin_of(socket_of(1, {.acked = 101, .sent = 130, .retransmitted = 30}), {}), Origin::Connected);
  EXPECT_EQ(origin_of(socket_of(1, {.acked = 100, .sent = 130, .retransmitted = 30}), {}), Origin::Accepted);
}

TEST(Origins, AreToldByAListenerWhereTransmissionsHaveFailed) {
  const auto blurred = socket_of(1, {.acked = 101, .sent = 500});
  EXPECT_EQ(origin_of(blurred, {4000}), Origin::Accepted);
  EXPECT_EQ(origin_of(blurred, {9}), Origin::Connected);
}

TEST(Origins, OfASocketThatHasSentItsFinAreTheSame) {
  EXPECT_EQ(origin_of(socket_of(1, {.acked = 102, .sent = 100}, TcpState::FinWait2), {}), Origin::Connected);
  EXPECT_EQ(origin_of(socket_of(1, {.acked = 101, .sent = 100}, TcpState::FinWait2), {}), Origin::Accepted);
}

// SYN and payload, or payload and FIN: both are one more than the payload.
TEST(Origins, OfADestroyedSocketAreToldByItsFiguresOrElseByAListener) {
  const auto gone = [](std::uint64_t acked) { return socket_of(1, {.acked = acked, .sent = 100}, TcpState::Close); };
  EXPECT_EQ(origin_of(gone(100), {}), Origin::Accepted);
  EXPECT_EQ(origin_of(gone(102), {4000}), Origin::Connected);
  EXPECT_EQ(origin_of(gone(101), {4000}), Origin::Accepted);
  EXPECT_EQ(origin_of(gone(101), {}), Origin::Connected);
}

TEST(Listeners, AreKnownByTheirPorts) {
  auto listener = socket_of(2, {}, TcpState::Listen);
  listener.tcp.reset();
  EXPECT_EQ(listening_in({socket_of(1, {}), listener}), Ports{4000});
}

TEST(Connections, OnLoopbackOrToTheOwnAddressDoNotCrossPods) {
  auto socket = socket_of(1, {});
  EXPECT_TRUE(crosses_pods(socket));
  for (const auto* address : {"127.0.0.1", "127.8.0.1", "::1", "10.0.0.1"}) {
    socket.remote.address = address;
    EXPECT_FALSE(crosses_pods(socket)) << address;
  }
}

}  // namespace
}  // namespace cutline::sockets
