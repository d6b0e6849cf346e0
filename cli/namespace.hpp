// All that the verbs look at: the objects of one namespace, at one time. Pure.
#pragma once

#include "base/result.hpp"
#include "cli/objects.hpp"

namespace cutline::cli {

struct Namespace {
  std::string name;
  Time now;
  std::vector<Policy> policies;
  std::vector<Snapshot> snapshots;
  std::vector<Checkpoint> checkpoints;
  std::vector<Rollback> rollbacks;
  std::vector<Pod> pods;

  [[nodiscard]] Result<const Policy*> policy(const std::string& wanted) const;
  [[nodiscard]] Result<const Snapshot*> snapshot(const std::string& wanted) const;
  [[nodiscard]] Result<const Rollback*> rollback(const std::string& wanted) const;
  [[nodiscard]] const Snapshot* find_snapshot(const std::string& wanted) const;  // null: not there
  [[nodiscard]] std::vector<const Snapshot*> snapshots_of(
      const std::string& policy) const;  // by epoch, those without one last
  // The policy that a rollback is about, by its own words or its snapshot's; null: none.
  [[nodiscard]] const Policy* policy_of(const Rollback& rollback) const;
  // The pods of a policy, and those that are in its line though they are gone; by name, numbers in order.
  [[nodiscard]] std::vector<Pod> members_of(const Policy& policy) const;
  [[nodiscard]] std::vector<const Checkpoint*> checkpoints_of(const std::string& uid) const;  // by index
  // Those of them that led to the pod's state at that time: without later ones, and without those that a rollback
  // before then took back.
  [[nodiscard]] std::vector<const Checkpoint*> history_of(const std::string& uid, Time as_of) const;
};

// "ledger-2" before "ledger-10".
[[nodiscard]] bool before(const std::string& one, const std::string& other);

}  // namespace cutline::cli
