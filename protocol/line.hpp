// The recovery line: "it is best to recover to the most recent distributed snapshot, also referred to as a recovery
// line."
//
// One engine for all modes: independent checkpoints, coordinated and incremental snapshots are all lines that it must
// find. It gets every pod's history and where each may begin, and moves pointers back until the states fit together.
// "If these local states jointly do not form a distributed snapshot, further rolling back is necessary": each move is
// recorded with its cause, and that list is the domino effect.
//
// When two states fit together. For a connection between P at i and Q at j, from the counters of both ends there:
//
// - Orphan: received_Q(j) > sent_P(i). Q's state contains bytes that P's has not sent. Q moves back, in both modes.
// - Loss: acked_P(i) > received_Q(j). P's TCP has thrown away what Q's state does not have. With Forbid P moves back.
// - NotResumable: P is in its present state with the connection open, Q has moved, and has it open or not begun. P's
//   live socket knows sequence numbers and timestamps that Q's restored one does not, so one socket cannot be rolled
//   back without the other. With Forbid P moves back.
//
// Two present states always fit: they are the running system. What a present state has sent is enough for whatever
// anyone has received. A FIN counts as a byte of its sender's.
//
// Bytes that are sent and not acknowledged lie in the sender's socket image: in transit, neither lost nor an orphan, if
// the connection can be resumed. It can iff both ends are restored with it open, and acked <= received <= sent each
// way: what the proof of a coordinated cut asks for (proof.hpp), so every proven cut is a line.
//
// With Forbid every line resumes all that is open, with two exceptions. What the other end's state has itself closed
// was ended by the application there: nothing is lost, and the open end is closed. And an attempt, of which the other
// end knows nothing, with nothing acknowledged and nothing received, is to its application like any that failed. With
// Allow everything else that cannot be resumed is closed too, and counted as lost.
//
// Datagrams may be orphans, never losses. The network may lose them, and then counters cannot tell one datagram from
// another: received > sent is found, an orphan hidden behind a lost datagram is not.
//
// All this asks of one pod's state at a time, and only ever to go back; so the line is unique: no pod can be later than
// in it, in any consistent set of states. Linear in the number of counters (cascade.hpp, wiring.hpp).
//
// The present states must be read with the gates of these pods closed, or the line be computed again then: while pods
// that will move go on sending, those that stay go on receiving what will not have been sent.
//
// Pure; thread-safe.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "protocol/links.hpp"

namespace cutline::protocol {

enum class Lost { Forbid, Allow };

struct LineOptions {
  Lost lost = Lost::Forbid;
  bool allow_restart = false;  // a pod's start, as if it had never run, is a possible state
};

struct LinePod {
  PodHistory pod;
  // Its present state may be kept. Needs history.present; a living pod whose present is not wanted still shows what it
  // has exchanged.
  bool lives = true;
  std::optional<CheckpointIndex> newest;  // go back at least to this checkpoint, or the last one before it
};

struct Point {  // a state of a pod
  enum class Kind { Start, Checkpoint, Present } kind = Kind::Start;
  CheckpointIndex index{};  // of the checkpoint
  auto operator<=>(const Point&) const = default;
};

struct Move {
  enum class Cause {
    Failed,  // the pod has no present state that counts
    Asked,   // `newest`
    Orphan,
    Loss,
    NotResumable,
    Unsure,      // endpoints used again, and the uses cannot be told apart
    Unobserved,  // what closed in some interval was not all seen: it may have been anything
  };
  PodUid who;
  Point from;
  Point to;
  Cause cause = Cause::Failed;
  // From Orphan on: whose state asked for it, and
  PodUid peer;
  Point peer_at;
  Connection connection;        // the one with the most bytes, named by the end of `who`
  std::uint64_t amount = 0;     // bytes, or datagrams, over all connections between the two, in the state `from`
  std::size_t connections = 0;  // how many that are
  bool datagrams = false;
  unsigned round = 0;  // of the cascade; 0 for Failed and Asked
  bool operator==(const Move&) const = default;
};

struct Closing {  // to be closed when the line is restored, at this pod's end
  enum class Why {
    Outside,     // the other end is outside of the workload, and cannot be rolled back
    OneMoved,    // one end is rolled back, the other is not
    Unknown,     // the other end's state does not know it
    Gap,         // both ends know it, but bytes between them are gone
    PeerClosed,  // the other end's application has closed it: nothing was lost, what has arrived can be read
    Unsure,      // it cannot be told which connection at the other end it is
  };
  Connection connection;
  PodUid peer;  // empty: outside
  Why why = Why::Outside;
  auto operator<=>(const Closing&) const = default;
};

struct Line {
  std::map<PodUid, Point> points;
  std::vector<Move> moves;    // in order; those that follow from none (Failed, Asked) first
  unsigned domino_depth = 0;  // the most checkpoints that one pod gives up: those after its point, up to where it began
  unsigned rounds = 0;        // of the cascade: 0, nobody had to follow
  std::uint64_t lost_bytes = 0;      // sent in the line, and never to be received
  std::size_t lost_connections = 0;  // open, not to be resumed, neither closed by the other end nor an attempt
  std::map<PodUid, std::vector<Closing>> close;  // sorted; also at pods that do not move
  [[nodiscard]] bool moves_nobody() const { return moves.empty(); }
};

struct NoLine {             // "no recovery line": nothing is to be touched
  PodUid who;               // this pod has no state left to go back to
  std::vector<Move> moves;  // the last one led there
};

// Wants every pod of the workload: one that is left out counts as outside.
[[nodiscard]] std::variant<Line, NoLine> recovery_line(const std::vector<LinePod>& pods, const LineOptions& options);

// Plain sentences, for people. `name` gives a pod's name.
using NameOf = std::function<std::string(const PodUid&)>;
[[nodiscard]] std::string sentence(const Point& point);
[[nodiscard]] std::string sentence(const Move& move, const NameOf& name);
[[nodiscard]] std::string sentence(const Closing& closing, const NameOf& name);
[[nodiscard]] std::string sentence(const NoLine& none, const NameOf& name);

}  // namespace cutline::protocol
