// What to do about a Rollback: decided from what was observed, carried out elsewhere. Pure.
#pragma once

#include <variant>

#include "operator/api/spec.hpp"
#include "operator/pods/membership.hpp"
#include "protocol/rollback.hpp"

namespace cutline::op::rollback {

struct Observed {
  Json object;                 // the Rollback
  std::vector<Json> snapshots; // of its namespace
  std::vector<Pod> pods;       // of its namespace
  std::chrono::seconds age{0};
};

struct Entry {  // one pod's part of the plan, as the user sees it
  Pod pod;
  protocol::rollback::Target target;
  std::string from;
  std::string to;
  std::string because;
};

struct Line {
  std::string snapshot;
  std::vector<Entry> entries;
};

struct Nothing {};
struct Later { Error why; };
struct Refuse { Error why; std::vector<std::string> not_implemented; };  // nothing was touched
struct Show { Line line; };                                             // dry run
struct Begin { Line line; };
struct Recover { Line line; Epoch epoch{}; protocol::rollback::Phase phase{}; };

using Decision = std::variant<Nothing, Later, Refuse, Show, Begin, Recover>;

[[nodiscard]] Decision plan(const Observed& observed);

}  // namespace cutline::op::rollback
