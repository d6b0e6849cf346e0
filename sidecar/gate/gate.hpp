// The traffic gate of one pod: while it is closed, no packet leaves or enters the pod's network namespace, but for
// loopback, the sidecar's control port, neighbour discovery and sockets marked as the sidecar's own.
//
// The kernel holds the gate's state and its deadline; both outlive this process:
//   closed with a deadline   the kernel opens it, whoever is alive; what a dead process had queued is lost, never early
//   closed without one       nothing opens it but open(): a rollback fails closed
// The kernel's timer is given `kernel_margin` more, since it may ring early by some milliseconds and an early opening
// would void the acknowledgement. A living sidecar calls open() at the deadline itself: packets queued by then wait for
// it.
//
// Everything is made by netlink in the network namespace of the thread that calls install(), and stays there. One
// thread at a time. Errors: Unsupported (kernel or capability), Conflict (another process listens on our packet queue),
// Internal.
#pragma once

#include "base/ids.hpp"
#include "protocol/messages.hpp"
#include "sidecar/gate/packet_queue.hpp"
#include "sidecar/gate/ruleset.hpp"

namespace cutline::gate {

using protocol::GateKind;

inline constexpr Millis kernel_margin{10};

struct State {
  bool closed = false;
  std::optional<Millis> opens_in;  // by the kernel; nothing: not by itself
};

class Gate {
 public:
  // Makes or remakes the table `cutline` in one transaction. A gate found closed stays closed. Falls back from Queue to
  // Drop on kernels that cannot queue; kind() tells. `count_datagrams`: off only to measure what it costs.
  [[nodiscard]] static Result<Gate> install(GateKind wanted, std::uint16_t control_port, bool count_datagrams = true);
  // Another kind for the next rounds. Busy while closed.
  [[nodiscard]] Status choose(GateKind wanted);

  [[nodiscard]] GateKind kind() const { return kind_; }
  // Whether this kernel can; they are read by datagrams().
  [[nodiscard]] bool counts_datagrams() const { return counts_datagrams_; }
  // Closes, or gives a closed gate another deadline (what waits goes on waiting).
  [[nodiscard]] Status close(std::optional<Millis> deadline);
  // Opens, and lets go what waits. Safe to repeat, and after the deadline.
  [[nodiscard]] Status open();
  // Drops what waits; stays closed. For a rollback, after the old processes have ended and before the new ones are
  // there: segments of the old ones must not reach the new.
  [[nodiscard]] Status discard();
  [[nodiscard]] Result<State> state();
  // Opens and removes everything.
  [[nodiscard]] Status uninstall();

  // Segments of these connections, both ways, are dropped on loopback until release_loopback(): so that while several
  // containers are being restored no end answers for one that is not there yet. Replaces what was held before. IPv4 and
  // IPv6 addresses as text.
  [[nodiscard]] Status hold_loopback(std::span<const protocol::Counters> connections);
  [[nodiscard]] Status release_loopback();

 private:
  Gate(netlink::Socket nft, std::uint16_t control_port) : nft_(std::move(nft)), control_port_(control_port) {}
  [[nodiscard]] Status make(GateKind wanted);
  [[nodiscard]] Status make_rules(Hold hold);
  [[nodiscard]] Status make_queue();

  netlink::Socket nft_;
  std::optional<PacketQueue> queue_;  // of kind Queue
  std::uint16_t control_port_;
  GateKind kind_ = GateKind::Queue;
  bool counts_datagrams_ = true;
};

}  // namespace cutline::gate
