// Which two ends are one connection. Both name it by mirrored endpoints; behind a Service's address translation the
// client's socket shows the Service as its remote end, and the server's shows the client as it is: those go together by
// the client's own endpoint. One client endpoint can have connections to several Services: those to the same port go
// together first.
//
// Pure; n log n in the number of ends.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "protocol/counters.hpp"

namespace cutline::protocol {

struct EndName {  // borrowed from a table, for the length of the call
  std::size_t owner = 0;
  const Endpoint* local = nullptr;
  const Endpoint* remote = nullptr;
};

inline constexpr std::size_t kAlone = static_cast<std::size_t>(-1);

// May this address, which is no owner's own, lead to that owner? Nothing: any may.
using MayLead = std::function<bool(const std::string& address, std::size_t owner)>;

// For each end the index of its other end, or kAlone. `addresses` are those of all owners.
[[nodiscard]] std::vector<std::size_t> pair_ends(const std::vector<EndName>& ends,
                                                 const std::set<std::string>& addresses, const MayLead& may_lead = {});

// Both ends in one pod: saved in one freeze, nothing can come between them.
[[nodiscard]] bool within_pod(const std::vector<std::string>& addresses, const std::string& remote);

}  // namespace cutline::protocol
