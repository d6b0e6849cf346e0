// The proof against the definition: bytes that were really sent and received, not counters.
#include "protocol/proof.hpp"

#include "../../simulation/protocol/pod.hpp"
#include "holds.hpp"

namespace cutline::protocol {
namespace {

using simulation::Application;

std::size_t any(std::size_t n) { return *rc::gen::inRange<std::size_t>(0, n); }

// States that may or may not fit together: each end is at some moment of one history of the connection.
std::vector<Application> any_states(std::size_t pods) {
  std::vector<Application> states(pods);
  for (std::size_t from = 0; from < pods; ++from) {
    for (std::size_t to = 0; to < pods; ++to) {
      if (from == to) continue;
      const auto history = [](std::size_t length) {
        std::vector<simulation::Id> ids(length);
        for (std::size_t i = 0; i < length; ++i) ids[i] = i;
        return ids;
      };
      auto& sender = states[from][to];
      sender.sent = history(any(9));
      sender.acked = any(sender.sent.size() + 1);
      states[to][from].received = history(any(9));
    }
  }
  return states;
}

std::vector<Member> members_of(const std::vector<Application>& states) {
  std::vector<Member> members;
  for (std::size_t i = 0; i < states.size(); ++i) {
    members.push_back({{std::to_string(i)}, {simulation::address_of(i)}, simulation::counters_of(i, states[i])});
  }
  return members;
}

TEST(AnyProof, SaysWhatTheDefinitionSays) {
  holds(1000, [] {
    const auto pods = 1 + any(4);
    const auto states = any_states(pods);
    std::size_t wrong = 0;
    std::uint64_t in_transit = 0;
    for (std::size_t from = 0; from < pods; ++from) {
      for (const auto& [to, stream] : states[from]) {
        const auto& received = states[to].at(from).received;
        if (!contradiction(stream, states[to].at(from)).empty()) ++wrong;
        if (stream.sent.size() > received.size()) in_transit += stream.sent.size() - received.size();
      }
    }
    const auto proof = prove(members_of(states));
    RC_ASSERT(proof.violations.size() == wrong);
    RC_ASSERT(proof.in_transit_bytes == in_transit);
    RC_ASSERT(proof.connections == pods * (pods - 1) / 2);
  });
}

TEST(AnyProof, DoesNotDependOnTheOrderOfMembersOrConnectionsNorOnServicesInBetween) {
  holds(1000, [] {
    auto members = members_of(any_states(1 + any(4)));
    const auto before = prove(members);
    const bool translated = any(2) == 1;
    for (auto& member : members) {
      for (auto& counters : member.counters) {
        if (translated && counters.remote.port == 5000) counters.remote.address = "10.96.0.1";
      }
      std::ranges::reverse(member.counters);
    }
    std::ranges::reverse(members);
    const auto after = prove(members);
    RC_ASSERT(after.violations.size() == before.violations.size());
    RC_ASSERT(after.in_transit_bytes == before.in_transit_bytes);
    RC_ASSERT(after.connections == before.connections);
  });
}

}  // namespace
}  // namespace cutline::protocol
