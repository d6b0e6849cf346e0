// One pod's side of both rounds: "takes a local checkpoint, queues any subsequent message, and acknowledges".
//
//   Idle -> Saving -> Saved -> Idle                          (request, ack, done | abort | deadline)
//   Idle -> SavingOwn -> Idle                         (due, saved: a checkpoint of its own time, "uncoordinated"; kept
//   at once) Idle -> Preparing -> Prepared -> Stopping -> Stopped -> Restoring -> Restored -> Idle   (prepare, stop,
//   restore, release)
//                                        \-----------------------\-> Stuck (it failed: gate stays closed; Stop or
//                                        Restore again, or
//                                                                          Prepare of a new epoch)
//
// Rollbacks of a workload come one after the other: a Prepare of a higher epoch takes over a pod whose rollback was
// given up.
//
// Pure and total. Epochs only grow: a command of an older epoch is refused, one of the current epoch is answered again.
// A gate of a snapshot opens at its deadline whatever the coordinator does (the kernel holds that deadline as well); an
// opened gate voids the ack, but what was saved stays until Done or Abort says what the coordinator had decided before.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "protocol/messages.hpp"

namespace cutline::protocol::participant {

// ---- what happened --------------------------------------------------------------------------------------------------
struct Commanded {
  Command command;
  Instant now;
};  // of Request, Done, Abort, Prepare, Stop, Restore, Release
struct SaveEnded {
  Epoch epoch{};
  Result<LocalCheckpoint> result;
  Instant now;
};
struct PrepareEnded {
  Epoch epoch{};
  Status result;
  Instant now;
};
struct StopEnded {
  Epoch epoch{};
  Status result;
  Instant now;
};
struct RestoreEnded {
  Epoch epoch{};
  Result<Timings> result;
  Instant now;
};
struct Due {
  Epoch checkpoint{};
  Millis hold{0};
  SaveOptions options;
  Instant now;
};  // "from time to time"; named by own_checkpoint()
struct Tick {
  Instant now;
};
using Event = std::variant<Commanded, SaveEnded, PrepareEnded, StopEnded, RestoreEnded, Due, Tick>;

// ---- what to do, in the order given ---------------------------------------------------------------------------------
struct Persist {};  // the state's `durable()` must be on disk BEFORE the effects after it
struct Save {
  Epoch epoch{};
  Millis hold{0};
  SaveOptions options;
};  // freeze, drain, gate, counters, dump, files, thaw; then SaveEnded
struct Keep {
  Epoch checkpoint{};
};  // mark as committed
struct Discard {
  Epoch checkpoint{};
};  // delete what was saved
struct OpenGate {
  Epoch epoch{};
};  // idempotent; report the held time with the answer
// Verify the saved state and close the gate, then PrepareEnded. `gate_stays`: it is closed without deadline by a
// rollback that did not end; leave it so, whatever `hold` says.
struct Verify {
  Epoch epoch{};
  Epoch checkpoint{};
  std::string digest;
  Millis hold{0};
  bool gate_stays = false;
  std::vector<Connection> external;
};
struct EndAll {
  Epoch epoch{};
  Epoch checkpoint{};
};  // gate without deadline, note where connections stand, end; then StopEnded
struct PutBack {
  Epoch epoch{};
  Epoch checkpoint{};
  std::vector<Shift> shifts;
  std::vector<Readdress> addresses;
};  // end what is left, restore; then RestoreEnded
struct Answer {
  Reply reply;
};  // the shell adds what it measured: to Opened, Stopped
using Effect = std::variant<Persist, Save, Keep, Discard, OpenGate, Verify, EndAll, PutBack, Answer>;

// ---- states ---------------------------------------------------------------------------------------------------------
struct Idle {};
struct Saving {
  Instant deadline;
  bool aborted = false;
};  // aborted: the running save's result is discarded
struct Saved {
  Instant deadline;
  LocalCheckpoint checkpoint;
};
// No coordinator knows of it; a round that begins meanwhile waits for its end, which the deadline bounds.
struct SavingOwn {
  Instant deadline;
  Epoch checkpoint{};
  std::optional<std::variant<Request, Prepare>> waiting;
};
// `unfinished`: an earlier rollback had begun to put back this checkpoint; the gate has no deadline, and an abort leads
// back to Stuck.
struct Preparing {
  Instant deadline;
  Epoch checkpoint{};
  bool aborted = false;
  std::optional<Epoch> unfinished;
};
// `lapsed`: the gate has opened at its deadline. The coordinator may have decided before, so Stop is still obeyed.
struct Prepared {
  Instant deadline;
  Epoch checkpoint{};
  bool lapsed = false;
  std::optional<Epoch> unfinished;
};
struct Stopping {
  Epoch checkpoint{};
};
struct Stopped {
  Epoch checkpoint{};
};
struct Restoring {
  Epoch checkpoint{};
};
struct Restored {
  Epoch checkpoint{};
  Timings timings;
};
struct Stuck {
  Epoch checkpoint{};
  Error why;
};
using Phase =
    std::variant<Idle, Saving, Saved, SavingOwn, Preparing, Prepared, Stopping, Stopped, Restoring, Restored, Stuck>;

struct State {
  Epoch epoch{};  // of the current or last round
  Phase phase;
};

// What a sidecar that starts again needs: the highest epoch, and whether a rollback had become irrevocable.
struct Durable {
  Epoch epoch{};
  std::optional<Epoch> restoring;  // the checkpoint that processes are, or were, being put back to
  bool restored = false;           // with `restoring`: they are back, and wait for Release
  std::optional<Epoch> prepared;   // the checkpoint that was verified: Stop may come for it
  bool operator==(const Durable&) const = default;
};
[[nodiscard]] Durable durable(const State& state);
// The state after a restart. An irrevocable rollback comes back as Stuck, gate closed: the coordinator sends Stop
// again. What was saved and not decided stays until Done or Abort; its gate opens by the kernel's deadline.
[[nodiscard]] State revive(const Durable& durable);

// A prepared pod whose gate has opened is kept for Stop this long after the deadline; then a snapshot may have it
// again.
constexpr Millis kLapsedGrace{60'000};

// When to feed a Tick; none: nothing is due.
[[nodiscard]] std::optional<Instant> wake(const State& state);

[[nodiscard]] std::vector<Effect> step(State& state, const Event& event);

}  // namespace cutline::protocol::participant
