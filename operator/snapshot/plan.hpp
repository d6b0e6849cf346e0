// What to do about a DistributedSnapshot: decided from what was observed, carried out elsewhere. Pure.
#pragma once

#include <variant>

#include "operator/api/spec.hpp"
#include "operator/pods/membership.hpp"
#include "operator/snapshot/composition.hpp"

namespace cutline::op::snapshot {

struct Observed {
  Json object;                    // the DistributedSnapshot
  std::optional<Json> policy;     // the one it names, if it is there
  std::vector<Pod> pods;          // of its namespace
  std::vector<Json> snapshots;    // of its namespace; only with protocol Incremental, or if it is being deleted
  std::vector<Json> services;     // the same
  bool used_by_rollback = false;  // it is being deleted, and a rollback to it has not ended
  std::chrono::seconds age{0};    // since it was made
};

struct Nothing {};  // it has ended, and all is recorded
struct Later {
  Error why;
};  // something must pass first
struct AddFinalizer {};
struct Import {
  ImportSpec from;
};  // it was taken before, and lies in a repository
struct Refuse {
  Error why;
};  // ends in Failed; nothing was touched
// `initiator`: incremental; `members` are all pods that may be members then.
struct Begin {
  SaveSpec save;
  Members members;
  std::optional<PodUid> initiator;
  std::vector<Json> services;
  Owners owners;
};
struct Recover {
  SaveSpec save;
  Members members;
  Epoch epoch{};
  bool committed = false;
};  // a coordinator that died began it
// It is being deleted: thaw, delete images, let it go. `forget`: what no other snapshot consists of, with members, with
// pods that were left out, and copies with pods that stand in.
struct Collect {
  Epoch epoch{};
  Members members;
  bool open = false;
  std::vector<std::pair<control::Peer, Epoch>> forget;
};

using Decision = std::variant<Nothing, Later, AddFinalizer, Import, Refuse, Begin, Recover, Collect>;

[[nodiscard]] Decision plan(const Observed& observed);

// Hooks that are to be run before anything else is done with a snapshot that has ended, or is being deleted: its
// coordinator died before it could run them.
struct Undo {
  std::vector<protocol::Hook> hooks;
  Members members;
};
[[nodiscard]] std::optional<Undo> undo(const Observed& observed);
// In which pods they run: all of the workload that can be reached, whoever of them is saved.
[[nodiscard]] Undo after_thaw(const Observed& observed);
// "Coordinated", "Incremental" ...: how this snapshot is to be taken.
[[nodiscard]] std::string protocol_of(const Json& object, const std::optional<Json>& policy);

// The members that a record of the status names, with what is known of their pods now; a pod that is gone is left out.
[[nodiscard]] Members recorded_members(const Json& object, const std::vector<Pod>& pods);
[[nodiscard]] Epoch recorded_epoch(const Json& object);

}  // namespace cutline::op::snapshot
