// A rollback round, the coordinator's side: all members back to one recovery line, all or none.
//
//   Idle -> Reserving -> Preparing -> Deciding -> Stopping -> Restoring -> Committing -> Releasing -> Ended(Released)
//                \___________\-> Aborting -> Ended(Untouched)     \____________\-> Ended(Held)
//
// All are stopped before any is restored: where each connection stands then, on the wire, is where it goes on; see
// sequences.hpp. Until `Irrevocable` is durable nothing was touched and any failure ends in abort. After it there is no
// way back: a member that cannot be restored is tried again, then the round ends Held: none released, every gate still
// closed, and it says so. Pure and total, like round.hpp. An abort leaves together with its Failure record, but for a
// round that was recovered, or whose Irrevocable is durable: there the Failure comes first, so that nobody can abort
// what somebody else restores.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "protocol/multicast.hpp"
#include "protocol/readdressing.hpp"

namespace cutline::protocol::rollback {

struct Target {
  Epoch checkpoint{};
  std::string digest;
  std::vector<Connection> external;
  PodUid of;                         // whose checkpoint; not the member's own: it stands in for that pod, which is gone
  std::vector<Readdress> addresses;  // of that pod, then, and of this one, now
  Readdressing names{};              // what the checkpoint names, as `addresses` of all call it; none: alike
  bool operator==(const Target&) const = default;
};

struct Plan {
  Epoch epoch{};
  std::map<PodUid, Target> members;
  Millis hold{0};            // gate deadline of the first phase
  Millis prepare_budget{0};  // all must have answered Prepared within
  Millis restore_budget{0};  // one attempt of the second phase, and of the third
  int attempts = 3;          // of the second phase and the third, per member
  // Of a rollback that leaves pods alone: what its members sent them after the line was computed, through gates that
  // have opened, would be orphans there. So Stop leaves before first prepare + hold - margin, or nothing is touched.
  std::optional<Millis> margin{};
};

enum class Phase { Reserved, Restoring, Released };  // of a record that a dead coordinator left

struct Begin {
  Plan plan;
  Instant now;
};
struct Recover {
  Plan plan;
  Phase phase = Phase::Reserved;
  Instant now;
};
struct Recorded {
  Instant now;
};
struct RecordFailed {
  std::string why;
  Instant now;
};
struct Answered {
  PodUid from;
  Reply reply;
  Instant now;
};
struct MemberGone {
  PodUid who;
  Instant now;
};
struct Tick {
  Instant now;
};
using Event = std::variant<Begin, Recover, Recorded, RecordFailed, Answered, MemberGone, Tick>;

struct Reserve {
  Epoch epoch{};
};
struct Irrevocable {
  Epoch epoch{};
};  // all are prepared; from here the rollback only goes forward
struct Commit {
  Epoch epoch{};
  std::map<PodUid, Timings> timings;
};
struct Failure {
  Epoch epoch{};
  Error why;
  bool held = false;
};  // held: gates stay closed
using Record = std::variant<Reserve, Irrevocable, Commit, Failure>;

struct Output {  // as in round.hpp: `persist` BEFORE what later events send; `send` leaves at once
  std::optional<Record> persist;
  std::vector<Send> send;
  std::optional<Instant> wake;
};

constexpr Millis kResendEvery{200};  // of Release and Abort, to those that have not answered
constexpr int kAbortResends = 25;    // then the round ends: gates open by their own deadlines

enum class Outcome { Released, Untouched, Held };

struct Idle {};
struct Reserving {
  Plan plan;
  std::optional<PodUid> gone;
};
struct Preparing {
  Plan plan;
  Instant until;
  std::set<PodUid> prepared;
  std::optional<Instant> gates_hold;  // all of them, until then
};
struct Deciding {
  Plan plan;
  std::set<PodUid> gone;
  std::optional<Instant> gates_hold;
};
struct Stopping {
  Plan plan;
  Instant until;
  std::map<PodUid, std::vector<Shift>> stopped;
  std::map<PodUid, int> failures;
};
struct Restoring {
  Plan plan;
  std::map<PodUid, std::vector<Shift>> shifts;
  Instant until;
  std::map<PodUid, Timings> restored;
  std::map<PodUid, int> failures;
};
struct Committing {
  Plan plan;
  std::map<PodUid, Timings> restored;
  std::set<PodUid> gone;
};
struct Releasing {
  Plan plan;
  std::set<PodUid> waiting;
  Instant resend;
};
struct Aborting {
  Plan plan;
  std::set<PodUid> waiting;
  Instant resend;
  int resends = 0;
  bool unsent = false;
};
struct Ended {
  Epoch epoch{};
  Outcome outcome = Outcome::Untouched;
};
using State =
    std::variant<Idle, Reserving, Preparing, Deciding, Stopping, Restoring, Committing, Releasing, Aborting, Ended>;

[[nodiscard]] Output step(State& state, const Event& event);

}  // namespace cutline::protocol::rollback
