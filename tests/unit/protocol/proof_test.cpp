#include "protocol/proof.hpp"

#include <gtest/gtest.h>

namespace cutline::protocol {
namespace {

struct Flow {
  std::uint64_t acked, sent, received;
};

Counters end(Endpoint local, Endpoint remote, Flow flow) {
  return {std::move(local), std::move(remote), flow.acked, flow.sent, flow.received};
}

const Endpoint client{"10.0.0.1", 40000}, server{"10.0.0.2", 5432}, service{"10.96.0.7", 80};

// One connection from pod a to pod b.
Proof prove_pair(Flow at_client, Flow at_server, const Endpoint& as_dialled = server) {
  return prove({{{"a"}, {"10.0.0.1"}, {end(client, as_dialled, at_client)}},
                {{"b"}, {"10.0.0.2"}, {end(server, client, at_server)}}});
}

TEST(Proof, ACutWithNothingOnTheWireIsConsistent) {
  const auto proof = prove_pair({10, 10, 5}, {5, 5, 10});
  EXPECT_TRUE(proof.consistent());
  EXPECT_EQ(proof.connections, 1U);
  EXPECT_EQ(proof.in_transit_bytes, 0U);
}

TEST(Proof, WhatIsSentAndNotReceivedIsInTransit) {
  const auto proof = prove_pair({8, 13, 5}, {5, 9, 10});
  EXPECT_TRUE(proof.consistent());
  EXPECT_EQ(proof.in_transit_bytes, 3U + 4U);
}

// "... a message that the state of its receiver contains and the state of its sender has not sent."
TEST(Proof, AnOrphanIsFoundEachWay) {
  const auto there = prove_pair({10, 10, 0}, {0, 0, 12});
  ASSERT_EQ(there.violations.size(), 1U);
  EXPECT_EQ(there.violations[0].sender, PodUid{"a"});
  EXPECT_EQ(there.violations[0].receiver, PodUid{"b"});
  EXPECT_EQ(there.violations[0].orphan_bytes, 2U);
  EXPECT_EQ(there.violations[0].lost_bytes, 0U);
  const auto back = prove_pair({0, 0, 1}, {0, 0, 0});
  ASSERT_EQ(back.violations.size(), 1U);
  EXPECT_EQ(back.violations[0].sender, PodUid{"b"});
}

TEST(Proof, ALossIsFound) {
  const auto proof = prove_pair({10, 12, 0}, {0, 0, 7});
  ASSERT_EQ(proof.violations.size(), 1U);
  EXPECT_EQ(proof.violations[0].lost_bytes, 3U);
  EXPECT_EQ(proof.violations[0].orphan_bytes, 0U);
}

TEST(Proof, AConnectionThroughAServiceIsPairedByTheClientsEndpoint) {
  const auto proof = prove_pair({10, 10, 0}, {0, 0, 12}, service);
  EXPECT_EQ(proof.connections, 1U);
  EXPECT_EQ(proof.violations.size(), 1U);
  EXPECT_TRUE(proof.external.empty() && proof.half_open.empty());
}

TEST(Proof, OneClientPortToTwoServicesIsPairedByTheServersPorts) {
  const Endpoint other{"10.0.0.3", 6379}, other_service{"10.96.0.8", 6379};
  const auto proof =
      prove({{{"a"}, {"10.0.0.1"}, {end(client, service, {5, 5, 0}), end(client, other_service, {900, 900, 0})}},
             {{"b"}, {"10.0.0.2"}, {end(server, client, {0, 0, 5})}},
             {{"c"}, {"10.0.0.3"}, {end(other, client, {0, 0, 900})}}});
  EXPECT_TRUE(proof.consistent());
  EXPECT_EQ(proof.connections, 2U);
}

TEST(Proof, AnEndOutsideTheWorkloadIsExternal) {
  const auto proof = prove({{{"a"}, {"10.0.0.1"}, {end(client, {"192.0.2.1", 443}, {1, 2, 3})}}});
  ASSERT_EQ(proof.external.size(), 1U);
  EXPECT_EQ(proof.connections, 0U);
}

TEST(Proof, AnEndWhoseOtherEndIsNotThereIsHalfOpen) {
  const auto proof = prove({{{"a"}, {"10.0.0.1"}, {end(client, server, {0, 0, 0})}}, {{"b"}, {"10.0.0.2"}, {}}});
  EXPECT_EQ(proof.half_open.size(), 1U);
  EXPECT_TRUE(proof.consistent());
}

TEST(Proof, WhatStaysWithinAPodIsNoMessageBetweenTwo) {
  const Endpoint local{"127.0.0.1", 5000}, peer{"127.0.0.1", 6000}, self{"10.0.0.1", 7000};
  const CounterTable loopback{end(local, peer, {9, 9, 0}), end(peer, local, {0, 0, 1})};
  const CounterTable own{end(client, self, {9, 9, 0}), end(self, client, {0, 0, 1})};
  const auto proof =
      prove({{{"a"}, {"10.0.0.1"}, own}, {{"b"}, {"10.0.0.2"}, loopback}, {{"c"}, {"10.0.0.3"}, loopback}});
  EXPECT_EQ(proof.connections, 0U);
  EXPECT_TRUE(proof.consistent());
  EXPECT_TRUE(proof.half_open.empty() && proof.external.empty());
}

TEST(Proof, OfNobodyIsConsistent) { EXPECT_TRUE(prove({}).consistent()); }

}  // namespace
}  // namespace cutline::protocol
