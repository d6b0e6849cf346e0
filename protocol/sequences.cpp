#include "protocol/sequences.hpp"

#include "protocol/pairing.hpp"

namespace cutline::protocol {

std::map<PodUid, std::vector<Shift>> both_ways(std::map<PodUid, std::vector<Shift>> told, const std::set<PodUid>& anew,
                                               const Readdressing& readdressing,
                                               const std::map<PodUid, Readdressing>& names) {
  struct End {
    std::size_t owner;
    Shift* shift;
    Connection name;       // in the common language
    bool named_otherwise;  // an earlier rollback has given its other end a name of its own
  };
  std::vector<End> ends;
  std::vector<bool> is_anew;  // by owner
  std::set<std::string> addresses;
  for (auto& [pod, shifts] : told) {
    const auto known = names.find(pod);
    const auto& called = known == names.end() ? Readdressing{} : known->second;
    for (auto& shift : shifts) {
      ends.push_back({is_anew.size(), &shift, called(shift.connection), called.remotes().contains(shift.connection)});
      addresses.insert(ends.back().name.local.address);
    }
    is_anew.push_back(anew.contains(pod));
  }
  std::vector<EndName> paired;
  for (const auto& end : ends) paired.push_back({end.owner, &end.name.local, &end.name.remote});
  const auto partner = pair_ends(paired, addresses);
  for (std::size_t i = 0; i < ends.size(); ++i) {
    auto& [owner, shift, name, named_otherwise] = ends[i];
    if (named_otherwise && !anew.empty()) shift->remote = readdressing(name).remote;
    if (partner[i] == kAlone) continue;
    const auto& other = ends[partner[i]];
    shift->sent = other.shift->received;
    const bool by_service = name.remote != other.name.local;
    if (by_service && (is_anew[owner] || is_anew[other.owner])) shift->remote = readdressing(other.name).local;
  }
  return told;
}

}  // namespace cutline::protocol
