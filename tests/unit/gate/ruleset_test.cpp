#include "sidecar/gate/ruleset.hpp"

#include <gtest/gtest.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

namespace cutline::gate {
namespace {

using namespace std::chrono_literals;
using netlink::Attributes;

int kind(const netlink::Message& message) { return netlink::read_prefix<nlmsghdr>(message.bytes()).nlmsg_type & 0xff; }

netlink::View payload(const netlink::Message& message) { return message.bytes().subspan(NLMSG_HDRLEN); }

Attributes attributes(const netlink::Message& message) {
  return Attributes{payload(message).subspan(sizeof(nfgenmsg))};
}

// "A restarted sidecar finds the gate still closed."
TEST(Ruleset, InstallsWithoutTouchingWhatTheSetsHold) {
  for (const auto hold : {Hold::Queue, Hold::QueueTarget, Hold::Drop, Hold::Nothing}) {
    for (const auto& message : install({.hold = hold, .control_port = 7077})) {
      EXPECT_NE(kind(message), NFT_MSG_DELSETELEM);
      EXPECT_NE(kind(message), NFT_MSG_DELSET);
      EXPECT_NE(kind(message), NFT_MSG_DELTABLE);
    }
  }
}

TEST(Ruleset, RemovesAChainsOldRulesBeforeItAddsNewOnes) {
  std::map<std::string, bool> flushed;
  for (const auto& message : install({.control_port = 7077})) {
    const auto text = attributes(message).find(NFTA_RULE_CHAIN).value_or(netlink::View{});
    const std::string chain(reinterpret_cast<const char*>(text.data()), text.size());
    if (kind(message) == NFT_MSG_DELRULE) flushed[chain] = true;
    if (kind(message) == NFT_MSG_NEWRULE) {
      EXPECT_TRUE(flushed[chain]) << chain;
    }
  }
  EXPECT_EQ(flushed.size(), 3u);  // in, out, and what counts datagrams received
}

TEST(Switch, CarriesItsTimeoutAndIsReadBack) {
  const auto on = switch_on(1234ms);
  ASSERT_EQ(on.size(), 2u);
  EXPECT_EQ(kind(on[0]), NFT_MSG_DELSETELEM);
  EXPECT_EQ(kind(on[1]), NFT_MSG_NEWSETELEM);
  const auto element = attributes(on[1]).nested(NFTA_SET_ELEM_LIST_ELEMENTS).nested(NFTA_LIST_ELEM);
  EXPECT_EQ(element.find(NFTA_SET_ELEM_TIMEOUT)->size(), 8u);
  EXPECT_FALSE(attributes(switch_on(std::nullopt)[1])
                   .nested(NFTA_SET_ELEM_LIST_ELEMENTS)
                   .nested(NFTA_LIST_ELEM)
                   .find(NFTA_SET_ELEM_TIMEOUT));
  EXPECT_FALSE(expiration(payload(on[1]))) << "a time-out is not what is left of it";
}

TEST(Switch, WithATimeoutOfZeroIsNotOneWithout) {
  const auto element = attributes(switch_on(0ms)[1]).nested(NFTA_SET_ELEM_LIST_ELEMENTS).nested(NFTA_LIST_ELEM);
  EXPECT_EQ(std::to_integer<int>(element.find(NFTA_SET_ELEM_TIMEOUT)->back()), 1);
}

TEST(Loopback, HoldsBothDirectionsAndLeavesOutWhatIsNoAddress) {
  const std::vector<protocol::Counters> connections{
      {{"127.0.0.1", 1}, {"127.0.0.1", 2}}, {{"::1", 1}, {"::1", 2}}, {{"nonsense", 1}, {"", 2}}};
  const auto messages = hold_loopback(connections);
  ASSERT_EQ(messages.size(), 4u);  // two sets emptied, two filled
  const auto small = hold_loopback(std::span{connections}.last(1));
  EXPECT_EQ(small.size(), 2u);
}

TEST(Loopback, OfManyConnectionsFitsTheLengthOfAttributes) {
  const std::vector<protocol::Counters> many(5000, {{"::1", 1}, {"::1", 2}});
  for (const auto& message : hold_loopback(many)) EXPECT_LT(message.size(), 65'000u);
}

}  // namespace
}  // namespace cutline::gate
