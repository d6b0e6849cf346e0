#include "protocol/sequences.hpp"

#include "protocol/pairing.hpp"

namespace cutline::protocol {

std::map<PodUid, std::vector<Shift>> both_ways(std::map<PodUid, std::vector<Shift>> told) {
  std::vector<EndName> names;
  std::vector<Shift*> ends;
  std::set<std::string> addresses;
  for (std::size_t owner = 0; auto& [pod, shifts] : told) {
    for (auto& shift : shifts) {
      names.push_back({owner, &shift.connection.local, &shift.connection.remote});
      ends.push_back(&shift);
      addresses.insert(shift.connection.local.address);
    }
    ++owner;
  }
  const auto partner = pair_ends(names, addresses);
  for (std::size_t i = 0; i < ends.size(); ++i)
    if (partner[i] != kAlone) ends[i]->sent = ends[partner[i]]->received;
  return told;
}

}  // namespace cutline::protocol
