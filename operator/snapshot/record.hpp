// How a round's records are written into a DistributedSnapshot's status. Pure: edits JSON.
#pragma once

#include "operator/pods/membership.hpp"
#include "protocol/proof.hpp"
#include "protocol/round.hpp"

namespace cutline::op::snapshot {

using kube::Json;

struct Findings {  // of one pod's preflight
  std::string pod;
  std::vector<protocol::Finding> findings;
};

void record(Json& object, const protocol::round::Reserve& reserve, const Members& members, const std::string& now);
void record(Json& object, const protocol::round::Commit& commit, const Members& members, const protocol::Proof& proof,
            const std::string& now);
void record(Json& object, const Error& failure, const std::string& now);
void record(Json& object, const std::vector<Findings>& findings);
// All gates are open again; `gated` as the members said.
void record_released(Json& object, const std::map<PodUid, protocol::Opened>& opened, Micros total,
                     const std::string& now);

// The proof's input, and its verdict as an error (Conflict) that names the first violation.
[[nodiscard]] protocol::Proof prove(const protocol::round::Commit& commit, const Members& members);
[[nodiscard]] cutline::Status verdict(const protocol::Proof& proof, const Members& members);

// One LocalCheckpoint object for a member: its metadata and spec. `saved`: as its sidecar remembers it, if that could
// be asked.
[[nodiscard]] Json local_checkpoint(const Json& snapshot, const Json& member, const protocol::LocalCheckpoint* saved);
// spec.counters of a LocalCheckpoint.
[[nodiscard]] Json counters(const protocol::LocalCheckpoint& checkpoint);

}  // namespace cutline::op::snapshot
