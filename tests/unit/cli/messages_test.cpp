#include "cli/diagram/messages.hpp"

#include <gmock/gmock.h>

namespace cutline::cli {
namespace {

using protocol::Counters;
using protocol::CounterTable;
using testing::ElementsAre;
using testing::IsEmpty;

const protocol::Endpoint a{"10.0.0.1", 4000}, b{"10.0.0.2", 80}, service{"10.96.0.1", 80};

CounterTable at_a(std::uint64_t sent, std::uint64_t received) { return {Counters{a, b, sent, sent, received}}; }
CounterTable at_b(std::uint64_t sent, std::uint64_t received) { return {Counters{b, a, sent, sent, received}}; }

TEST(Messages, LieBetweenTheIntervalsInWhichTheirBytesWereSentAndReceived) {
  // a sent 10 by its first checkpoint, 30 by its second; b had received 4 by its first and 30 by its second.
  const auto found = messages({{{a.address}, {at_a(10, 0), at_a(30, 0)}}, {{b.address}, {at_b(0, 4), at_b(0, 30)}}});
  EXPECT_THAT(found,
              ElementsAre(Message{0, 1, 0, 0, 4, true}, Message{0, 1, 0, 1, 6, true}, Message{0, 1, 1, 1, 20, true}));
}

TEST(BytesNotReceivedByTheLastCheckpoint, HaveNotArrived) {
  const auto found = messages({{{a.address}, {at_a(10, 0)}}, {{b.address}, {at_b(0, 7)}}});
  EXPECT_THAT(found, ElementsAre(Message{0, 1, 0, 0, 7, true}, Message{0, 1, 0, 1, 3, false}));
}

TEST(BytesReceivedThatNoCheckpointOfTheSenderKnows, WereSentAfterItsLast) {
  const auto found = messages({{{a.address}, {at_a(10, 0)}}, {{b.address}, {at_b(0, 15)}}});
  EXPECT_THAT(found, ElementsAre(Message{0, 1, 0, 0, 10, true}, Message{0, 1, 1, 0, 5, true}));
}

TEST(BothWaysOfAConnection, AreMessages) {
  const auto found = messages({{{a.address}, {at_a(1, 2)}}, {{b.address}, {at_b(2, 1)}}});
  EXPECT_THAT(found, ElementsAre(Message{0, 1, 0, 0, 1, true}, Message{1, 0, 0, 0, 2, true}));
}

TEST(AConnectionThroughAService, IsFoundByTheClientsOwnEndpoint) {
  const auto found =
      messages({{{a.address}, {CounterTable{Counters{a, service, 5, 5, 0}}}}, {{b.address}, {at_b(0, 5)}}});
  EXPECT_THAT(found, ElementsAre(Message{0, 1, 0, 0, 5, true}));
}

TEST(AConnectionThatIsGone, KeepsWhatItHadCarried) {
  const auto found =
      messages({{{a.address}, {at_a(5, 0), CounterTable{}}}, {{b.address}, {at_b(0, 5), CounterTable{}}}});
  EXPECT_THAT(found, ElementsAre(Message{0, 1, 0, 0, 5, true}));
}

TEST(ConnectionsToOutsideAndWithinAPod, AreNoMessages) {
  const protocol::Endpoint outside{"192.0.2.1", 443}, own{"10.0.0.1", 9000};
  EXPECT_THAT(messages({{{a.address}, {CounterTable{Counters{a, outside, 5, 5, 5}, Counters{a, own, 3, 3, 3}}}},
                        {{b.address}, {CounterTable{}}}}),
              IsEmpty());
}

TEST(UnknownCounters, AreTakenForThoseOfTheCheckpointBefore) {
  const auto found = messages(
      {{{a.address}, {at_a(5, 0), std::nullopt, at_a(9, 0)}}, {{b.address}, {at_b(0, 5), std::nullopt, at_b(0, 9)}}});
  EXPECT_THAT(found, ElementsAre(Message{0, 1, 0, 0, 5, true}, Message{0, 1, 2, 2, 4, true}));
}

}  // namespace
}  // namespace cutline::cli
