// What an incremental snapshot consists of beside its members' new checkpoints: the last one of each process that was
// left out (protocol/composition.hpp). Computed at the commit, when all pods can be asked; written down with it, so
// that it is known when the pods, and what their sidecars know, are gone. Pure.
//
//   status.composition.leftOut  one row a process, as in status.members, with the epoch that its checkpoint is known by
//   status.composition.close    what is to be closed when all go back to it, by the names of when it was taken
//   condition RestorableAlone   whether that is a state of the whole workload, and if not, why
#pragma once

#include "operator/pods/workload.hpp"
#include "protocol/composition.hpp"
#include "protocol/readdressing.hpp"
#include "protocol/round.hpp"

namespace cutline::op::snapshot {

using kube::Json;

// `workload`: what all pods told before the first of them was saved.
[[nodiscard]] protocol::Composition compose(const protocol::round::Commit& commit, const Workload& workload);

// Which snapshot a checkpoint was taken for.
using Owners = std::map<Epoch, std::string>;
[[nodiscard]] Owners owners(const std::vector<Json>& snapshots);

void record(Json& object, const protocol::Composition& composition, const protocol::round::Commit& commit,
            const Workload& workload, const Owners& owners, const std::string& now);
void record_not_composed(Json& object, const std::string& why, const std::string& now);

// Whether it is a state of the whole workload by itself: a coordinated snapshot is, and one that was composed.
[[nodiscard]] bool stands_alone(const Json& snapshot);
// Of one that is not.
[[nodiscard]] std::string why_not_alone(const Json& snapshot);

struct Part {  // one checkpoint that a snapshot consists of; a pod's name for it is `epoch`
  Json row;    // of status.members or status.composition.leftOut
  Epoch epoch{};
  bool left_out = false;
  [[nodiscard]] PodUid uid() const { return PodUid{row.value("uid", "")}; }
};
[[nodiscard]] std::vector<Part> parts(const Json& snapshot);

// Calls `edit` with each of their rows in the object itself.
template <class Edit>
void for_each_row(Json& snapshot, Edit edit) {
  auto& status = snapshot["status"];
  for (auto& row : status["members"]) edit(row);
  if (!stands_alone(snapshot) || !status.contains("composition")) return;
  for (auto& row : status["composition"]["leftOut"]) edit(row);
}

// What a rollback to it closes at this pod's end, by the names of when it was taken.
[[nodiscard]] std::vector<protocol::Connection> closings(const Json& snapshot, const std::string& pod);

// How what a row's checkpoint names was called when the snapshot was taken.
[[nodiscard]] protocol::Readdressing names_of(const Json& row);
[[nodiscard]] Json json_of(const protocol::Readdressing& names);

// Checkpoints, as pods call them, that other snapshots consist of too: these are not to be forgotten with this one.
// `InRepository`: those that are, or may yet be, kept in one.
enum class Where { OnNodes, InRepository };
using Needed = std::set<std::pair<PodUid, Epoch>>;
[[nodiscard]] Needed needed_by_others(const Json& snapshot, const std::vector<Json>& snapshots, Where where);

}  // namespace cutline::op::snapshot
