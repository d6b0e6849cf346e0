#include "protocol/proof.hpp"

#include <tuple>

#include "protocol/pairing.hpp"

namespace cutline::protocol {
namespace {

struct End {  // one end of a connection, in one member's table
  const Member* owner = nullptr;
  const Counters* counters = nullptr;
};

std::vector<End> ends_of(const std::vector<Member>& members) {
  std::vector<End> ends;
  for (const auto& member : members) {
    for (const auto& counters : member.counters) {
      if (!within_pod(member.addresses, counters.remote.address)) ends.push_back({&member, &counters});
    }
  }
  return ends;
}

// One direction: what `from` sent and `to` received.
void check(const End& from, const End& to, Proof& proof) {
  const auto& [sent, received, acked] = std::tuple{from.counters->sent, to.counters->received, from.counters->acked};
  if (sent > received) proof.in_transit_bytes += sent - received;
  if (received <= sent && acked <= received) return;
  proof.violations.push_back({from.owner->uid, to.owner->uid, *from.counters, *to.counters,
                              received > sent ? received - sent : 0, acked > received ? acked - received : 0});
}

}  // namespace

Proof prove(const std::vector<Member>& members) {
  std::set<std::string> addresses;
  for (const auto& member : members) addresses.insert(member.addresses.begin(), member.addresses.end());
  const auto ends = ends_of(members);
  std::vector<EndName> names;
  for (const auto& [owner, counters] : ends) {
    names.push_back({static_cast<std::size_t>(owner - members.data()), &counters->local, &counters->remote});
  }
  const auto partner = pair_ends(names, addresses);
  Proof proof;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    if (partner[i] == kAlone) {
      auto& rest = addresses.contains(ends[i].counters->remote.address) ? proof.half_open : proof.external;
      rest.push_back(*ends[i].counters);
    } else if (i < partner[i]) {
      ++proof.connections;
      check(ends[i], ends[partner[i]], proof);
      check(ends[partner[i]], ends[i], proof);
    }
  }
  return proof;
}

}  // namespace cutline::protocol
