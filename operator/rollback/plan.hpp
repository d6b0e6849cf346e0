// What to do about a Rollback: decided from what was observed, carried out elsewhere. Pure.
#pragma once

#include <variant>

#include "operator/api/spec.hpp"
#include "operator/pods/membership.hpp"
#include "operator/rollback/line.hpp"
#include "protocol/rollback.hpp"

namespace cutline::op::rollback {

struct Observed {
  Json object;                  // the Rollback
  std::vector<Json> snapshots;  // of its namespace
  std::vector<Pod> pods;        // of its namespace
  std::chrono::seconds age{0};
  std::optional<Json> policy;        // the one it names, or that its snapshot names
  std::vector<Json> checkpoints;     // LocalCheckpoints of the namespace, for spec.to.before
  std::optional<Workload> workload;  // if needs_workload()
  std::optional<Error> unavailable;  // why it could not be had
};

// Whether the line must be computed from the pods' histories; else a coordinated snapshot is the line, whole.
[[nodiscard]] bool needs_workload(const Observed& observed);
// How the workload is saved: by its policy, or as the named snapshot says.
[[nodiscard]] SaveSpec save_spec_of(const Observed& observed);
// Null: there is none of that name.
[[nodiscard]] const Json* named_snapshot(const std::optional<std::string>& name, const std::vector<Json>& snapshots);

struct Nothing {};
struct Later {
  Error why;
};
struct Refuse {
  Error why;
};  // nothing was touched
struct Show {
  Line line;
};  // dry run
struct Begin {
  Line line;
};
struct Recover {
  Line line;
  Epoch epoch{};
  protocol::rollback::Phase phase{};
};

using Decision = std::variant<Nothing, Later, Refuse, Show, Begin, Recover>;

[[nodiscard]] Decision plan(const Observed& observed);
// Where it leads, from what was observed.
[[nodiscard]] Result<Line> line(const Observed& observed);

}  // namespace cutline::op::rollback
