#include "protocol/sequences.hpp"

#include "protocol/pairing.hpp"

namespace cutline::protocol {

std::map<PodUid, std::vector<Shift>> both_ways(std::map<PodUid, std::vector<Shift>> told, const std::set<PodUid>& anew,
                                               const Readdressing& readdressing) {
  std::vector<EndName> names;
  std::vector<Shift*> ends;
  std::vector<bool> is_anew;  // by owner
  std::set<std::string> addresses;
  for (auto& [pod, shifts] : told) {
    for (auto& shift : shifts) {
      names.push_back({is_anew.size(), &shift.connection.local, &shift.connection.remote});
      ends.push_back(&shift);
      addresses.insert(shift.connection.local.address);
    }
    is_anew.push_back(anew.contains(pod));
  }
  const auto partner = pair_ends(names, addresses);
  for (std::size_t i = 0; i < ends.size(); ++i) {
    if (partner[i] == kAlone) continue;
    const auto& other = *ends[partner[i]];
    ends[i]->sent = other.received;
    const bool by_service = ends[i]->connection.remote != other.connection.local;
    if (by_service && (is_anew[names[i].owner] || is_anew[names[partner[i]].owner]))
      ends[i]->remote = readdressing(other.connection).local;
  }
  return told;
}

}  // namespace cutline::protocol
