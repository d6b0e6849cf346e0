// How a committed snapshot becomes durable: what is to be done next, what the members' answers mean, what is signed at
// the end. Pure.
#pragma once

#include "operator/pods/membership.hpp"
#include "repository/manifest.hpp"

namespace cutline::op::repository {

using kube::Json;

// The SnapshotRepository that it is to be kept in: on record once it has begun, before that as the snapshot or its
// policy says. Empty: none.
[[nodiscard]] std::string repository_of(const Json& snapshot, const std::optional<Json>& policy);

struct Nothing {};  // it is durable, or not yet committed, or will never be durable and says so
struct Never {
  std::string why;
};
struct Ask {  // what is not there yet: of members, and of those that an incremental snapshot left out
  struct Upload {
    PodUid pod;
    Epoch checkpoint{};
    std::string digest;
  };
  std::vector<Upload> uploads;
};
struct Seal {};  // all are: the manifest is missing
using Next = std::variant<Nothing, Never, Ask, Seal>;

[[nodiscard]] Next next(const Json& snapshot, const std::vector<Pod>& pods);

// One snapshot of a policy goes at a time: one that has begun is brought to its end, then comes the newest, so that the
// line that outlives the nodes is as young as can be; those that retention takes meanwhile need not go at all.
[[nodiscard]] bool has_begun(const Json& snapshot);
[[nodiscard]] bool is_on_its_way(const Json& snapshot);  // has begun, and is not at its end
// The snapshot that goes before this one, which has not begun. Empty: it is its turn.
[[nodiscard]] std::string goes_before(const Json& snapshot, const std::vector<Json>& snapshots);

// status.repository, status.members[].uploaded and .stored, and the condition Durable.
void record(Json& snapshot, const std::string& repository, const std::map<PodUid, Result<protocol::Reply>>& answers,
            const std::string& now);
void record_trouble(Json& snapshot, const std::string& repository, const Error& trouble, const std::string& now);
void record_waiting(Json& snapshot, const std::string& before, const std::string& now);
void record_never(Json& snapshot, const std::string& why, const std::string& now);
void record_durable(Json& snapshot, const std::string& manifest, const std::string& now);

// The condition's reason: what a person or a program can do about it.
[[nodiscard]] std::string reason_of(const Error& trouble);
// How long until it is worth asking again, by the condition Durable.
[[nodiscard]] Millis pause(const Json& snapshot);

// `checkpoints`: the LocalCheckpoint objects of its members, as far as there are.
[[nodiscard]] cutline::repository::Manifest manifest_of(const Json& snapshot, const std::vector<Json>& checkpoints,
                                                        const std::string& version);

}  // namespace cutline::op::repository
