#include "protocol/proof.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace cutline::protocol {
namespace {

struct End {  // one end of a connection, in one member's table
  const Member* owner = nullptr;
  const Counters* counters = nullptr;
  bool paired = false;
};

bool loopback(const std::string& address) { return address.starts_with("127.") || address == "::1"; }

// Both ends in one pod are saved in one freeze: nothing can come between them.
bool internal(const Member& member, const Counters& counters) {
  return loopback(counters.remote.address) ||
         std::ranges::find(member.addresses, counters.remote.address) != member.addresses.end();
}

std::vector<End> ends_of(const std::vector<Member>& members) {
  std::vector<End> ends;
  for (const auto& member : members) {
    for (const auto& counters : member.counters) {
      if (!internal(member, counters)) ends.push_back({&member, &counters, false});
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

void pair(End& one, End& other, Proof& proof) {
  one.paired = other.paired = true;
  ++proof.connections;
  check(one, other, proof);
  check(other, one, proof);
}

void pair_mirrored(std::vector<End>& ends, Proof& proof) {
  std::map<std::pair<Endpoint, Endpoint>, End*> by_endpoints;
  for (auto& end : ends) by_endpoints.emplace(std::pair{end.counters->local, end.counters->remote}, &end);
  for (auto& end : ends) {
    if (end.paired) continue;
    const auto mirror = by_endpoints.find({end.counters->remote, end.counters->local});
    if (mirror != by_endpoints.end() && !mirror->second->paired && mirror->second != &end)
      pair(end, *mirror->second, proof);
  }
}

// The client's socket shows the Service's address as its remote end; the server's shows the client as it is. One client
// endpoint can have connections to several Services: those to the same port go together first.
void pair_translated(std::vector<End>& ends, const std::set<std::string>& addresses, Proof& proof) {
  std::multimap<Endpoint, End*> servers;  // by the client that they show
  for (auto& end : ends) {
    if (!end.paired && addresses.contains(end.counters->remote.address)) servers.emplace(end.counters->remote, &end);
  }
  const auto find = [&](const End& client, bool same_port) -> End* {
    const auto [first, last] = servers.equal_range(client.counters->local);
    for (auto it = first; it != last; ++it) {
      const auto& [owner, counters, paired] = *it->second;
      if (paired || owner == client.owner) continue;
      if (!same_port || counters->local.port == client.counters->remote.port) return it->second;
    }
    return nullptr;
  };
  for (const bool same_port : {true, false}) {
    for (auto& client : ends) {
      if (client.paired || addresses.contains(client.counters->remote.address)) continue;
      if (auto* server = find(client, same_port)) pair(client, *server, proof);
    }
  }
}

}  // namespace

Proof prove(const std::vector<Member>& members) {
  std::set<std::string> addresses;
  for (const auto& member : members) addresses.insert(member.addresses.begin(), member.addresses.end());
  auto ends = ends_of(members);
  Proof proof;
  pair_mirrored(ends, proof);
  pair_translated(ends, addresses, proof);
  for (const auto& end : ends) {
    if (end.paired) continue;
    auto& rest = addresses.contains(end.counters->remote.address) ? proof.half_open : proof.external;
    rest.push_back(*end.counters);
  }
  return proof;
}

}  // namespace cutline::protocol
