// The vocabulary between the coordinator (operator) and the participants (sidecars), one pod each.
//
// Commands travel down, each is answered by exactly one reply. Everything is keyed by epoch and may be sent again at
// any time: a participant answers a repeated command as it answered the first. Durations, never instants, cross the
// wire.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "protocol/counters.hpp"

namespace cutline::protocol {

// How traffic is held: Queue keeps packets in the kernel, Drop leaves them to TCP's retransmission. Open is a test-only
// switch: no gate at all, so that the proof can be seen to fail.
enum class GateKind { Queue, Drop, Open };

struct Volume {  // a directory of a container, saved whole with each checkpoint
  std::string container;
  std::string path;
  auto operator<=>(const Volume&) const = default;
};

struct SaveOptions {
  GateKind gate = GateKind::Queue;
  std::vector<Volume> volumes;
  bool operator==(const SaveOptions&) const = default;
};

struct Timings {      // as measured by the participant
  Micros frozen{0};   // from the first freeze to the last thaw
  Micros dump{0};     // CRIU and file capture
  Micros gated{0};    // from the gate's closing to its opening; 0 while it is still closed
  Micros restore{0};  // from the end of the old processes to the last restored one
  bool operator==(const Timings&) const = default;
};

// One pod's saved state, as acknowledged to the coordinator. Named by the epoch of the round that took it; one that the
// pod took by itself by own_checkpoint(index).
struct LocalCheckpoint {
  Epoch epoch{};
  CheckpointIndex index{};
  std::string digest;  // of the manifest, which holds the digest of every file: "sha256:<hex>"; empty until it is kept
  Bytes bytes{};
  CounterTable counters;
  Timings timings;
  GateKind gate = GateKind::Queue;  // the one really used, after feature detection
  CheckpointIndex parent{};  // where the interval before it began: the checkpoint taken, or rolled back to, last. 0:
                             // the pod's start
  CounterTable closed;       // final counters of the connections that closed in that interval
  FlowTable flows;
  bool observed = true;  // false: what closed in the interval was not all seen, so the pod may have talked to anyone
  bool operator==(const LocalCheckpoint&) const = default;
};

// A pod's checkpoints that were taken without a coordinator have names of their own, which no round's epoch ever
// reaches.
inline constexpr std::uint64_t kOwnCheckpoint = std::uint64_t{1} << 62;
[[nodiscard]] constexpr Epoch own_checkpoint(CheckpointIndex index) { return Epoch{kOwnCheckpoint | value(index)}; }
[[nodiscard]] constexpr bool is_own(Epoch checkpoint) { return (value(checkpoint) & kOwnCheckpoint) != 0; }

// An application that is not what it was: it died, or its container has started anew since the pod's last checkpoint or
// rollback.
struct Failure {
  std::string container;
  std::string how;  // "exited with status 1", "killed by signal 9 (Killed)", "restarted"
  bool operator==(const Failure&) const = default;
};

// "Each process simply records its local state from time to time": what a sidecar does by itself.
struct Independent {
  Millis interval{0};
  Millis jitter{0};  // each checkpoint comes up to this much earlier or later
  Millis hold{0};    // the longest that one may hold the pod's traffic
  SaveOptions options;
  bool operator==(const Independent&) const = default;
};

// A pod that stands in for one that is gone has another address. The checkpoint's connections go on with that.
struct Readdress {
  std::string from;
  std::string to;
  auto operator<=>(const Readdress&) const = default;
};

// A restic repository, where checkpoints are kept beyond their node. Keys and password are in no log, record or status.
struct Repository {
  std::string
      url;  // as restic writes it: "s3:https://host:9000/bucket/prefix", "rest:https://host:7078/" without its keys
  std::string password;                // of the repository: what its contents are encrypted with
  std::string access_key, secret_key;  // of the bucket; of a REST server: user and password
  std::string region;                  // empty: what restic takes then
  std::string authority;               // PEM of whom to trust; empty: the system's
  std::uint32_t limit = 0;             // of uploads, in KiB/s; 0: none
  bool operator==(const Repository&) const = default;
};

// A command in one container, beside its application: around a snapshot or after a rollback.
struct Hook {
  std::string container;
  std::vector<std::string> command;  // the program, as the container finds it, and its arguments; no shell
  Millis timeout{10'000};
  bool may_fail =
      false;  // failurePolicy: Ignore. Otherwise those that follow in the list are not begun after its failure
  bool operator==(const Hook&) const = default;
};

// ---- commands -------------------------------------------------------------------------------------------------------
struct Request {  // "checkpoint-request": save, keep the gate closed for at most `hold`, acknowledge
  Epoch epoch{};
  Millis hold{0};
  SaveOptions options;
};
struct Done {
  Epoch epoch{};
};  // "checkpoint-done": the cut is committed, open the gate
struct Abort {
  Epoch epoch{};
};  // open the gate, drop what was saved; of a rollback: forget it, nothing was touched

struct Prepare {  // rollback, phase 1: verify the saved state, close the gate for at most `hold`; touch nothing else
  Epoch epoch{};
  Epoch checkpoint{};
  std::string digest;
  Millis hold{0};
  std::vector<Connection>
      external;  // of the checkpoint, whose other end is not put back as it was then: to be closed here
};
// Phase 2: from here the gate has no deadline; end the processes, and tell how far each connection had come.
struct Stop {
  Epoch epoch{};
};
// How far the sequence numbers of a restored connection lie after its counters (mod 2^32); see sequences.hpp.
struct Shift {
  Connection connection;       // as the checkpoint names it
  std::uint32_t sent = 0;      // of what this end sends
  std::uint32_t received = 0;  // of what the other end sends
  Endpoint remote;  // where its other end is now, if a Service's address had led there; empty: as `addresses` say
  bool operator==(const Shift&) const = default;
};
// Phase 3: put back files and processes. `addresses`: of all pods of the rollback that stand in for others, then and
// now.
struct Restore {
  Epoch epoch{};
  std::vector<Shift> shifts;
  std::vector<Readdress> addresses;
};
struct Release {
  Epoch epoch{};
};  // phase 4: every member is restored, open the gate

struct Forget {
  Epoch checkpoint{};
};  // the checkpoint is needed no more
struct Preflight {};  // what here could not be saved or would be lost silently?
struct Recall {
  std::uint32_t last = 0;
};  // the pod's history: this many checkpoints, 0 for all, and the present
struct Probe {};  // does every application live?
struct Sever {
  Epoch epoch{};
  std::vector<Connection> connections;
};  // destroy these: their other ends were rolled back without us
// What the sidecar does without being asked each time; replaces what it was told before. `grace`: so long a dead
// application's container waits for a rollback before it ends.
struct Configure {
  std::optional<Independent> independent;
  Millis grace{0};
  bool operator==(const Configure&) const = default;
};

// Keep a copy of a committed checkpoint in the repository, in the background. Asked again, it says how far it is: the
// same checkpoint is stored once. `ns`: the pod's namespace.
struct Upload {
  Epoch checkpoint{};
  std::string digest;
  std::string ns;
  Repository repository;
};
// Bring a checkpoint back from there, of this pod or of one that it stands in for. `id`: as Uploaded said. Asked again
// as Upload is.
struct Fetch {
  Epoch checkpoint{};
  std::string digest;
  std::string id;
  Repository repository;
};

// Run these hooks one after the other, those whose container is here; in the background, and never within a round.
// `key` names this run: asked again, the answer is how far it is or how it ended, and nothing runs twice (but a sidecar
// that was restarted has forgotten it).
struct RunHooks {
  std::string key;
  std::vector<Hook> hooks;
};
// Copy these volumes now, while the application runs: the next checkpoint copies what differs then. In the background;
// `key` as above. Never needed: what it has not copied is copied with the checkpoint.
struct Precopy {
  std::string key;
  std::vector<Volume> volumes;
};

using Command = std::variant<Request, Done, Abort, Prepare, Stop, Restore, Release, Forget, Preflight, Recall, Probe,
                             Sever, Configure, Upload, Fetch, RunHooks, Precopy>;

// ---- replies --------------------------------------------------------------------------------------------------------
struct Acked {
  Epoch epoch{};
  LocalCheckpoint checkpoint;
};
// To Done, Abort and Release: this gate is open. `digest`: to Done, of the checkpoint, which is on disk now; empty: it
// is not.
struct Opened {
  Epoch epoch{};
  Micros gated{0};
  std::string digest;
};
struct Prepared {
  Epoch epoch{};
};
struct Stopped {
  Epoch epoch{};
  std::vector<Shift> shifts;
};  // of each connection of the checkpoint; `sent` as it was then
struct Restored {
  Epoch epoch{};
  Timings timings;
  Bytes written{};
};  // `written`: into files, which differed
struct Forgotten {
  Epoch checkpoint{};
};
struct Finding {       // of the preflight
  bool fatal = false;  // true: the dump or the restore would fail; false: something would be lost silently
  std::string container;
  std::string process;  // "1002 (redis-server)"
  std::string object;   // "fd 7, anon_inode:[io_uring]"
  std::string remedy;   // what the user can do
  bool operator==(const Finding&) const = default;
};
struct Findings {
  std::vector<Finding> findings;
};
// How what a checkpoint names is called now, where a rollback into other pods has changed that since it was taken. A
// history tells all by the names of now.
struct Renamed {
  CheckpointIndex index{};
  std::vector<Readdress> addresses;
  std::vector<Shift>
      remotes;  // connections, as the checkpoint names them, whose other end has another name of its own: `remote`
  bool operator==(const Renamed&) const = default;
};
struct History {
  std::vector<LocalCheckpoint> checkpoints;  // those that led to the present, by parents; oldest first
  std::optional<LocalCheckpoint> present;    // counters as of now, digest empty; nothing: an application is dead
  std::vector<Renamed> renamed{};
};
struct Probed {
  std::vector<Failure> failures;
};
struct Severed {
  Epoch epoch{};
};
struct Configured {};
// `trouble`: it goes on trying, in spite of this.
struct Uploading {
  Epoch checkpoint{};
  Bytes done{};
  Bytes total{};
  std::optional<Error> trouble;
};
struct Uploaded {
  Epoch checkpoint{};
  std::string id;
  Bytes bytes{};
  Bytes added{};
};  // `added`: what was not there before
struct Fetching {
  Epoch checkpoint{};
  Bytes done{};
  Bytes total{};
  std::optional<Error> trouble;
};
struct Fetched {
  Epoch checkpoint{};
};  // verified, and as good as if it had been taken here
struct HookOutcome {
  std::uint32_t hook = 0;  // which one of the list
  bool ran = true;         // false: this pod has no such container
  std::string failure;     // "exited with status 3", "did not end within 5s and was killed"; empty: it succeeded
  std::string said;        // the end of its output
  Micros took{0};
  bool operator==(const HookOutcome&) const = default;
};
struct HooksRunning {
  std::string key;
};
struct HooksRun {
  std::string key;
  std::vector<HookOutcome> outcomes;
};  // no more than the hooks that were begun, in their order
struct Precopying {
  std::string key;
};
struct Precopied {
  std::string key;
  Bytes copied{};
};  // it has ended, with whatever it came to
struct Refused {
  Epoch epoch{};
  Error why;
};  // Busy: try again later. Anything else ends the round.

using Reply =
    std::variant<Acked, Opened, Prepared, Stopped, Restored, Forgotten, Findings, History, Probed, Severed, Configured,
                 Uploading, Uploaded, Fetching, Fetched, HooksRunning, HooksRun, Precopying, Precopied, Refused>;

}  // namespace cutline::protocol
