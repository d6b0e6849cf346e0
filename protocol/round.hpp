// One coordinated checkpoint, the coordinator's side: two-phase and blocking ("Coordinated checkpointing", steps 1-3).
//
//   Idle -> Reserving -> Requesting -> Committing -> Releasing -> Ended(committed)
//                \____________\____________\_______-> Aborting -> Ended(aborted)
//
// Pure: no I/O, no clock, no thread. The shell around it feeds events, which carry the time, and carries out the output.
// Total: an event that does not belong to the state changes nothing. Every event may come twice, late or out of order.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "protocol/multicast.hpp"

namespace cutline::protocol::round {

struct Plan {
  Epoch epoch{};
  std::set<PodUid> members;  // fixed for the whole round
  Millis hold{0};            // the longest time that traffic may be held
  Millis margin{0};          // clocks' and timers' inaccuracy: an ack counts only before first request + hold - margin
  SaveOptions options;
};

// ---- what happened ------------------------------------------------------------------------------------------------------
struct Begin { Plan plan; Instant now; };
// A coordinator that died left this record: without a commit the round is aborted, with one it is released again.
struct Recover { Plan plan; bool committed = false; Instant now; };
struct Recorded { Instant now; };                      // the record that was asked for last is durable
struct RecordFailed { std::string why; Instant now; };  // it never will be (fenced by another coordinator, or gone)
struct Answered { PodUid from; Reply reply; Instant now; };
struct MemberGone { PodUid who; Instant now; };
struct Tick { Instant now; };
using Event = std::variant<Begin, Recover, Recorded, RecordFailed, Answered, MemberGone, Tick>;

// ---- what must outlive the coordinator ----------------------------------------------------------------------------------
struct Reserve { Epoch epoch{}; };
struct Commit { Epoch epoch{}; std::map<PodUid, LocalCheckpoint> checkpoints; };
struct Failure { Epoch epoch{}; Error why; };
using Record = std::variant<Reserve, Commit, Failure>;

// `persist` must be durable (then feed Recorded) BEFORE anything that a later event sends leaves; `send` leaves at once.
// An abort is sent in the same output as its Failure record: thawing never waits for the API server. Only a recovered round
// waits for it: its dead coordinator's Commit may still be on the way, and exactly one of the two records may win. If it is the
// Commit, RecordFailed ends this round silently; read again, and Recover with what stands there.
// Carry out every output, also that of the step that ends the round.
struct Output {
  std::optional<Record> persist;
  std::vector<Send> send;
  std::optional<Instant> wake;  // feed a Tick then; replaces the wake of all outputs before
};

constexpr Millis kResendEvery{200};  // of Done and Abort, to those that have not answered
constexpr int kAbortResends = 25;    // then the round ends: gates open by their own deadlines

// ---- states: each owns only what it needs -------------------------------------------------------------------------------
struct Idle {};
struct Reserving { Plan plan; std::optional<PodUid> gone; };
struct Requesting { Plan plan; Instant void_after; std::map<PodUid, LocalCheckpoint> acks; };
struct Committing { Plan plan; std::map<PodUid, LocalCheckpoint> acks; std::set<PodUid> gone; };
struct Releasing { Plan plan; std::set<PodUid> waiting; Instant resend; };
struct Aborting { Plan plan; std::set<PodUid> waiting; Error why; Instant resend; int resends = 0; bool unsent = false; };
struct Ended { Epoch epoch{}; bool committed = false; };
using State = std::variant<Idle, Reserving, Requesting, Committing, Releasing, Aborting, Ended>;

[[nodiscard]] Output step(State& state, const Event& event);

}  // namespace cutline::protocol::round
