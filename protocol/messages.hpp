// The vocabulary between the coordinator (operator) and the participants (sidecars), one pod each.
//
// Commands travel down, each is answered by exactly one reply. Everything is keyed by epoch and may be sent again at any time:
// a participant answers a repeated command as it answered the first. Durations, never instants, cross the wire.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "protocol/counters.hpp"

namespace cutline::protocol {

// How traffic is held: Queue keeps packets in the kernel, Drop leaves them to TCP's retransmission. Open is a test-only switch: no gate
// at all, so that the proof can be seen to fail.
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

struct Timings {  // as measured by the participant
  Micros frozen{0};   // from the first freeze to the last thaw
  Micros dump{0};     // CRIU and file capture
  Micros gated{0};    // from the gate's closing to its opening; 0 while it is still closed
  Micros restore{0};  // from the end of the old processes to the last restored one
  bool operator==(const Timings&) const = default;
};

// One pod's saved state, as acknowledged to the coordinator. Named by the epoch of the round that took it.
struct LocalCheckpoint {
  Epoch epoch{};
  CheckpointIndex index{};
  std::string digest;  // of the manifest, which holds the digest of every file: "sha256:<hex>"
  Bytes bytes{};
  CounterTable counters;
  Timings timings;
  GateKind gate = GateKind::Queue;  // the one really used, after feature detection
  bool operator==(const LocalCheckpoint&) const = default;
};

// ---- commands -----------------------------------------------------------------------------------------------------------
struct Request {  // "checkpoint-request": save, keep the gate closed for at most `hold`, acknowledge
  Epoch epoch{};
  Millis hold{0};
  SaveOptions options;
};
struct Done { Epoch epoch{}; };   // "checkpoint-done": the cut is committed, open the gate
struct Abort { Epoch epoch{}; };  // open the gate, drop what was saved; of a rollback: forget it, nothing was touched

struct Prepare {  // rollback, phase 1: verify the saved state, close the gate for at most `hold`; touch nothing else
  Epoch epoch{};
  Epoch checkpoint{};
  std::string digest;
  Millis hold{0};
  std::vector<Connection> external;  // of the checkpoint, to outside of the workload: not rolled back there, so to be closed here
};
struct Restore { Epoch epoch{}; };  // phase 2: from here the gate has no deadline; end the processes, put back files and processes
struct Release { Epoch epoch{}; };  // phase 3: every member is restored, open the gate

struct Forget { Epoch checkpoint{}; };  // the checkpoint is needed no more
struct Preflight {};                    // what here could not be saved or would be lost silently?

using Command = std::variant<Request, Done, Abort, Prepare, Restore, Release, Forget, Preflight>;

// ---- replies ------------------------------------------------------------------------------------------------------------
struct Acked { Epoch epoch{}; LocalCheckpoint checkpoint; };
struct Opened { Epoch epoch{}; Micros gated{0}; };  // to Done, Abort and Release: this gate is open
struct Prepared { Epoch epoch{}; };
struct Restored { Epoch epoch{}; Timings timings; };
struct Forgotten { Epoch checkpoint{}; };
struct Finding {  // of the preflight
  bool fatal = false;  // true: the dump or the restore would fail; false: something would be lost silently
  std::string container;
  std::string process;  // "1002 (redis-server)"
  std::string object;   // "fd 7, anon_inode:[io_uring]"
  std::string remedy;   // what the user can do
  bool operator==(const Finding&) const = default;
};
struct Findings { std::vector<Finding> findings; };
struct Refused { Epoch epoch{}; Error why; };  // Busy: try again later. Anything else ends the round.

using Reply = std::variant<Acked, Opened, Prepared, Restored, Forgotten, Findings, Refused>;

}  // namespace cutline::protocol
