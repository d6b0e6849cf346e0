// Which pods of today are those that a snapshot was taken of, and which stand in for the ones that are gone. Pure.
//
// A pod stands in for another if it has its name, as pods of a StatefulSet do that are made anew, or if both were named
// by the same ReplicaSet or Job; those go by the order of their names.
#pragma once

#include <map>
#include <optional>

#include "operator/api/conditions.hpp"
#include "operator/pods/pod.hpp"
#include "protocol/messages.hpp"

namespace cutline::op {

// For each of a snapshot's status.members its pod, or the one that stands in for it; by the member's UID. None: nobody
// does.
[[nodiscard]] std::map<PodUid, const Pod*> places(const Json& members, const std::vector<Pod>& pods);

// The addresses then and now, each with the one of its family.
[[nodiscard]] std::vector<protocol::Readdress> readdressed(const std::vector<std::string>& then,
                                                           const std::vector<std::string>& now);

// One of them that no address of now is of the family of.
[[nodiscard]] std::optional<std::string> no_successor(const std::vector<std::string>& then,
                                                      const std::vector<std::string>& now);

}  // namespace cutline::op
