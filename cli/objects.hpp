// Cutline's objects as the verbs need them: typed values, read leniently from what the API server shows (what is absent
// is empty). Pure.
#pragma once

#include <chrono>
#include <compare>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kube/selector.hpp"
#include "protocol/counters.hpp"

namespace cutline::cli {

using kube::Json;
using Time = std::chrono::sys_seconds;  // as the API writes it; for people to read

struct Condition {
  std::string type, reason, message;
  bool status = false;
  std::optional<Time> since;
};

struct Conditions {
  std::vector<Condition> all;
  [[nodiscard]] const Condition* find(std::string_view type) const;  // null: not there
  [[nodiscard]] bool is(std::string_view type) const;
};

// A state of a pod that something goes back to, or from.
struct State {
  enum class Kind { Start, Checkpoint, Present } kind = Kind::Present;
  std::uint64_t index = 0;  // of the checkpoint
  auto operator<=>(const State&) const = default;
};
[[nodiscard]] std::string show(const State& state);  // "start", "checkpoint 3", "present"
// A number, "start", "present", "checkpoint 3", "NAME, checkpoint 3", "its start", "its present state".
[[nodiscard]] std::optional<State> parse_state(std::string_view text);

struct LinePoint {
  std::string pod, uid, snapshot;
  std::uint64_t checkpoint = 0;  // 0: its start
};

struct Policy {
  std::string name, protocol, recovery_mode, last_snapshot, recovery_line, next_schedule;
  bool suspended = false;
  std::uint64_t members = 0;
  std::vector<LinePoint> line;
  kube::Selector selector;
  Conditions conditions;
};

struct Member {
  std::string pod, uid, why, from, gated;
  std::uint64_t checkpoint = 0, bytes = 0;
};

struct Snapshot {
  std::string name, policy, protocol, members_ready, held;
  std::uint64_t epoch = 0, bytes = 0, connections = 0, in_transit = 0, orphans = 0;
  bool has_proof = false, pinned = false;
  std::vector<Member> members;
  std::optional<Time> created;
  Conditions conditions;
  [[nodiscard]] bool ended() const { return conditions.is("Failed") || conditions.is("Released"); }
};

struct Checkpoint {
  std::string name, pod, uid, snapshot;
  std::uint64_t index = 0, bytes = 0;
  std::optional<Time> created;
  std::optional<protocol::CounterTable> counters;  // nothing: they are not in the object
};

struct Way {  // of one pod in a rollback's plan
  std::string pod, uid, because, restored;
  State from, to;
};

struct Severed {
  std::string pod, local, remote;
};

struct Rollback {
  std::string name, uid, policy, to, before, members_restored,
      held;  // to: a snapshot's name; empty: the line is none of one snapshot
  bool dry_run = false;
  std::vector<std::string> pods;  // said to have failed
  std::vector<Way> plan;
  std::vector<Severed> severed;
  std::uint64_t domino_depth = 0, lost_bytes = 0, lost_connections = 0, external = 0;
  std::optional<Time> created;
  Conditions conditions;
  [[nodiscard]] bool ended() const { return conditions.is("Failed") || conditions.is("Released"); }
};

struct Pod {
  std::string name, uid, node;
  std::vector<std::string> addresses;
  std::map<std::string, std::string> labels;
  bool takes_part = false;
};

[[nodiscard]] bool selects(const Policy& policy, const Pod& pod);

[[nodiscard]] Policy read_policy(const Json& object);
[[nodiscard]] Snapshot read_snapshot(const Json& object);
[[nodiscard]] Checkpoint read_checkpoint(const Json& object);
[[nodiscard]] Rollback read_rollback(const Json& object);
[[nodiscard]] Pod read_pod(const Json& object);

}  // namespace cutline::cli
