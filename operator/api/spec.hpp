// What users ask for, as types. The schemas (crds/) have refused what cannot be; these readers never throw. Pure.
#pragma once

#include <optional>
#include <vector>

#include "kube/selector.hpp"
#include "protocol/messages.hpp"

namespace cutline::op {

using kube::Json;
using kube::Selector;

struct IncrementalSpec {
  std::string initiator;
  bool paper = false;   // closure: Paper
  int full_every = 12;  // 0: never
};

struct IndependentSpec {
  Millis interval{30'000};
  Millis jitter{0};
  bool allow_restart = false;
  bool allow_loss = false;  // lost: Allow
};

struct RecoverySpec {
  bool automatic = false;
  int limit = 3;
  Millis backoff{10'000};
};

struct RetentionSpec {
  std::optional<int> keep_last;
  std::optional<Millis> keep_within;
  std::optional<std::uint64_t> max_bytes;
  bool dry_run = false;
};

struct ScheduleSpec {      // of a policy; as written, see schedule/cron.hpp
  std::string expression;  // empty: by hand only
  std::string zone;        // empty: UTC
  bool suspended = false;
  bool replace = false;  // concurrencyPolicy: Replace
  std::optional<std::chrono::seconds> starting_deadline;
};

struct HooksSpec {
  std::vector<protocol::Hook> before_freeze, after_thaw, after_rollback;
  [[nodiscard]] bool around_a_snapshot() const { return !before_freeze.empty() || !after_thaw.empty(); }
};

struct SaveSpec {  // the part that policy and inline snapshot have in common
  Selector selector;
  std::string protocol = "Coordinated";
  Millis deadline{5000};
  protocol::SaveOptions options;
  HooksSpec hooks;
  IncrementalSpec incremental;  // of protocol Incremental
  IndependentSpec independent;  // of protocol Independent
};

struct ImportSpec {  // of a snapshot that another cluster, or a namespace that is gone, has left in a repository
  std::string repository;
  std::string ns;        // it was taken there
  std::string snapshot;  // empty: the last one
};

struct SnapshotSpec {
  std::optional<std::string> policy;  // else `inline_spec`
  std::optional<SaveSpec> inline_spec;
  std::optional<std::string> protocol;
  std::optional<std::string> initiator;  // instead of the policy's
  bool pinned = false;
  std::optional<ImportSpec> import;
};

struct RollbackSpec {
  std::optional<std::string> policy;
  std::optional<std::string> snapshot;
  bool latest = false;
  std::optional<std::string> before;
  bool dry_run = false;
  std::vector<std::string> pods;
};

// Of a SnapshotPolicy or of a DistributedSnapshot with an inline spec.
[[nodiscard]] SaveSpec read_save_spec(const Json& object);
[[nodiscard]] RecoverySpec read_recovery_spec(const Json& policy);
[[nodiscard]] std::optional<RetentionSpec> read_retention_spec(const Json& policy);
[[nodiscard]] ScheduleSpec read_schedule_spec(const Json& policy);
[[nodiscard]] SnapshotSpec read_snapshot_spec(const Json& object);
[[nodiscard]] RollbackSpec read_rollback_spec(const Json& object);

// Fields that the schema takes and this version does not carry out yet: named in the condition NotImplemented.
[[nodiscard]] std::vector<std::string> not_implemented(const Json& object);

}  // namespace cutline::op
