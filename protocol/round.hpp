// One distributed snapshot, the coordinator's side: two-phase and blocking ("Coordinated checkpointing", steps 1-3).
//
//   Idle [-> Discovering] -> Reserving -> Requesting -> Committing -> Releasing -> Ended(committed)
//                                 \____________\____________\_______-> Aborting -> Ended(aborted)
//
// Incremental ("Incremental snapshot", steps 1-4): the members are found first. The initiator is asked whom it has sent
// to since its last checkpoint, then those are asked, level by level, until nobody new is named; the requests are the
// second multicast. Traffic goes on meanwhile, so the acknowledgements, which carry what each member had exchanged when
// it was saved, are asked the same again: whom they name in addition is requested too, with all gates still closed,
// until nothing is new. Only then Commit. A member whose checkpoint follows on another one than it had told of was
// rolled back, or saved, since it was asked: then all are asked afresh.
//
// Pure: no I/O, no clock, no thread. The shell around it feeds events, which carry the time, and carries out the
// output. Total: an event that does not belong to the state changes nothing. Every event may come twice, late or out of
// order.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "protocol/closure.hpp"
#include "protocol/multicast.hpp"

namespace cutline::protocol::round {

struct Incremental {
  PodUid initiator;
  ClosureRule rule = ClosureRule::Consistent;
  std::vector<Candidate> candidates;  // all pods of the workload
};

struct Plan {
  Epoch epoch{};
  std::set<PodUid> members;  // fixed for the whole round
  Millis hold{0};            // the longest time that traffic may be held
  Millis margin{0};          // clocks' and timers' inaccuracy: an ack counts only before first request + hold - margin
  SaveOptions options;
  std::optional<Incremental> incremental;  // then `members` is found, not given
};

// ---- what happened --------------------------------------------------------------------------------------------------
struct Begin {
  Plan plan;
  Instant now;
};
// A coordinator that died left this record: without a commit the round is aborted, with one it is released again.
struct Recover {
  Plan plan;
  bool committed = false;
  Instant now;
};
struct Recorded {
  Instant now;
};  // the record that was asked for last is durable
struct RecordFailed {
  std::string why;
  Instant now;
};  // it never will be (fenced by another coordinator, or gone)
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

// ---- what must outlive the coordinator
// ---------------------------------------------------------------------------------- `closure`: of an incremental
// snapshot, why each member is one.
struct Reserve {
  Epoch epoch{};
  std::set<PodUid> members;
  std::optional<Closure> closure;
};
struct Commit {
  Epoch epoch{};
  std::map<PodUid, LocalCheckpoint> checkpoints;
  std::optional<Closure> closure;
};
struct Failure {
  Epoch epoch{};
  Error why;
};
using Record = std::variant<Reserve, Commit, Failure>;

// `persist` must be durable (then feed Recorded) BEFORE anything that a later event sends leaves; `send` leaves at
// once. An abort is sent in the same output as its Failure record: thawing never waits for the API server. Only a
// recovered round waits for it: its dead coordinator's Commit may still be on the way, and exactly one of the two
// records may win. If it is the Commit, RecordFailed ends this round silently; read again, and Recover with what stands
// there. Carry out every output, also that of the step that ends the round.
struct Output {
  std::optional<Record> persist;
  std::vector<Send> send;
  std::optional<Instant> wake;  // feed a Tick then; replaces the wake of all outputs before
};

constexpr Millis kResendEvery{200};   // of Done and Abort, to those that have not answered
constexpr int kAbortResends = 25;     // then the round ends: gates open by their own deadlines
constexpr Millis kDiscovery{10'000};  // to find the members; nothing is held meanwhile

// ---- states: each owns only what it needs ---------------------------------------------------------------------------
struct Idle {};
// Whom we have heard, whom we wait for, and whom of those since the last acknowledgement.
struct Inquiry {
  std::map<PodUid, History> known;
  std::set<PodUid> asked;
  std::set<PodUid> again;
  bool afresh = false;  // all were asked once more at the cut
};
struct Discovering {
  Plan plan;
  Inquiry inquiry;
  Instant until;
};
struct Reserving {
  Plan plan;
  std::optional<PodUid> gone;
  Inquiry inquiry;
};
struct Requesting {
  Plan plan;
  Instant void_after;
  std::map<PodUid, LocalCheckpoint> acks;
  Inquiry inquiry;
};
struct Committing {
  Plan plan;
  std::map<PodUid, LocalCheckpoint> acks;
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
  Error why;
  Instant resend;
  int resends = 0;
  bool unsent = false;
};
struct Ended {
  Epoch epoch{};
  bool committed = false;
};
using State = std::variant<Idle, Discovering, Reserving, Requesting, Committing, Releasing, Aborting, Ended>;

[[nodiscard]] Output step(State& state, const Event& event);

}  // namespace cutline::protocol::round
