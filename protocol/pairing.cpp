#include "protocol/pairing.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace cutline::protocol {
namespace {

using Partners = std::vector<std::size_t>;

void join(Partners& partner, std::size_t one, std::size_t other) {
  partner[one] = other;
  partner[other] = one;
}

struct ByEndpoints {  // borrowed keys: no string is copied
  bool operator()(const EndName& a, const EndName& b) const {
    return std::tie(*a.local, *a.remote) < std::tie(*b.local, *b.remote);
  }
};

void pair_mirrored(const std::vector<EndName>& ends, Partners& partner) {
  std::map<EndName, std::size_t, ByEndpoints> known;
  for (std::size_t i = 0; i < ends.size(); ++i) known.emplace(ends[i], i);
  for (std::size_t i = 0; i < ends.size(); ++i) {
    if (partner[i] != kAlone) continue;
    const auto mirror = known.find({0, ends[i].remote, ends[i].local});
    if (mirror == known.end() || mirror->second == i || partner[mirror->second] != kAlone) continue;
    join(partner, i, mirror->second);
  }
}

void pair_translated(const std::vector<EndName>& ends, const std::set<std::string>& addresses, const MayLead& may_lead,
                     Partners& partner) {
  std::multimap<Endpoint, std::size_t> servers;  // by the client that they show
  for (std::size_t i = 0; i < ends.size(); ++i) {
    if (partner[i] == kAlone && addresses.contains(ends[i].remote->address)) servers.emplace(*ends[i].remote, i);
  }
  const auto find = [&](const EndName& client, bool same_port) {
    const auto [first, last] = servers.equal_range(*client.local);
    for (auto it = first; it != last; ++it) {
      const auto& server = ends[it->second];
      if (partner[it->second] != kAlone || server.owner == client.owner) continue;
      if (may_lead && !may_lead(client.remote->address, server.owner)) continue;
      if (!same_port || server.local->port == client.remote->port) return it->second;
    }
    return kAlone;
  };
  for (const bool same_port : {true, false}) {
    for (std::size_t i = 0; i < ends.size(); ++i) {
      if (partner[i] != kAlone || addresses.contains(ends[i].remote->address)) continue;
      if (const auto server = find(ends[i], same_port); server != kAlone) join(partner, i, server);
    }
  }
}

}  // namespace

std::vector<std::size_t> pair_ends(const std::vector<EndName>& ends, const std::set<std::string>& addresses,
                                   const MayLead& may_lead) {
  Partners partner(ends.size(), kAlone);
  pair_mirrored(ends, partner);
  pair_translated(ends, addresses, may_lead, partner);
  return partner;
}

bool within_pod(const std::vector<std::string>& addresses, const std::string& remote) {
  return remote.starts_with("127.") || remote == "::1" || std::ranges::find(addresses, remote) != addresses.end();
}

}  // namespace cutline::protocol
