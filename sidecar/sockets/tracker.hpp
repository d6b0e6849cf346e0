// Whom this pod talked to: the counters of live connections, the final ones of those that have closed since the last
// checkpoint, and the datagrams. What the kernel tells, put together; times and files are others'.
//
// Thread-safe: a round reads it while somebody asks for the present. Errors are only the kernel's.
#pragma once

#include <mutex>

#include "protocol/messages.hpp"
#include "sidecar/sockets/bases.hpp"
#include "sidecar/sockets/closings.hpp"
#include "sidecar/sockets/interval.hpp"

namespace cutline::sockets {

struct TrackerOptions {
  std::uint16_t spare = 0;         // connections of this local port are the sidecar's own
  CheckpointIndex parent{};        // where the interval began that is under way
  bool from_the_beginning = true;  // false: it began before this process did
};

class Tracker {
 public:
  // `closings`: null on a kernel that does not tell; then no interval is observed.
  Tracker(Bases bases, std::unique_ptr<Closings> closings, TrackerOptions options);

  // Good to call about once a second while no round runs: which end of a connection had connected is seen best while it
  // is young.
  void look(const Sockets& live);
  // Of the connections that cross pods; `live` as just read.
  [[nodiscard]] protocol::CounterTable counters(const Sockets& live);
  [[nodiscard]] protocol::FlowTable flows(const protocol::FlowTable& live) const;

  // The interval up to now. cut(): it ends here, if the checkpoint is kept. Call after counters(), as late as possible:
  // the kernel tells of a closed connection some milliseconds late. One that is known to have gone and was not told of
  // in time was not observed.
  [[nodiscard]] Interval::Told told();
  [[nodiscard]] Interval::Told cut(Epoch checkpoint);
  // false: another checkpoint has been taken since. Then it is not on the way to the present.
  [[nodiscard]] bool keep(Epoch checkpoint, CheckpointIndex index, CheckpointIndex parent);
  void precede(const Interval::Told& interval);
  [[nodiscard]] CheckpointIndex parent() const;

  // Before all processes are ended for a restore, behind the gate.
  void ending(const Sockets& live);
  // After a restore, before the gate opens and before any restored connection is closed: all goes on from the
  // checkpoint, and a new interval begins. `offsets` as in Bases::rebase(). Returns the checkpoint's connections that
  // have no live socket.
  [[nodiscard]] protocol::CounterTable restored(const protocol::LocalCheckpoint& checkpoint, const Sockets& live,
                                                const protocol::FlowTable& flows, Bases::Offsets offsets = {});

  // As Bases has them.
  [[nodiscard]] Bases::Numbers numbers(const Sockets& live);
  [[nodiscard]] Bases::Offsets offsets(const protocol::CounterTable& connections) const;

  [[nodiscard]] std::string bases_json() const;

 private:
  void take();  // with the lock

  mutable std::mutex mutex_;
  Bases bases_;
  std::unique_ptr<Closings> closings_;
  std::uint16_t spare_;
  Interval interval_;
};

}  // namespace cutline::sockets
