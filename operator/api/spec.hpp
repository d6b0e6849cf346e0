// What users ask for, as types. The schemas (crds/) have refused what cannot be; these readers never throw. Pure.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "kube/resource.hpp"
#include "protocol/messages.hpp"

namespace cutline::op {

using kube::Json;

struct Requirement {
  std::string key;
  std::string op;  // In | NotIn | Exists | DoesNotExist
  std::vector<std::string> values;
};

struct Selector {
  std::map<std::string, std::string> match_labels;
  std::vector<Requirement> match_expressions;
  [[nodiscard]] bool matches(const Json& labels) const;
  // As the API server takes it in a list's query.
  [[nodiscard]] std::string query() const;
};

struct SaveSpec {  // the part that policy and inline snapshot have in common
  Selector selector;
  std::string protocol = "Coordinated";
  Millis deadline{5000};
  protocol::SaveOptions options;
};

struct SnapshotSpec {
  std::optional<std::string> policy;  // else `inline_spec`
  std::optional<SaveSpec> inline_spec;
  std::optional<std::string> protocol;
  bool pinned = false;
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
[[nodiscard]] SnapshotSpec read_snapshot_spec(const Json& object);
[[nodiscard]] RollbackSpec read_rollback_spec(const Json& object);

// Fields that the schema takes and this version does not carry out yet: named in the condition NotImplemented.
[[nodiscard]] std::vector<std::string> not_implemented(const Json& object);

}  // namespace cutline::op
