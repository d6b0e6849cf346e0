// Counters of connections from their very beginning, across rollbacks.
//
// CRIU makes a restored connection anew: a new cookie, acknowledged bytes from 0, received bytes from what lay in the
// receive queue. So each socket has a base that is added to what the kernel says. It is found right after the restore,
// behind the closed gate, when nothing can have moved yet:   base = counters in the checkpoint - counters of the
// restored socket. An end that connected has used a sequence number for its SYN; which end that was is decided when a
// socket is first seen, and kept. The counters of datagrams outlive a rollback in the kernel: the same holds for them.
//
// Pure values; the shell keeps to_json() in a file, so that a sidecar that starts again knows them. Not thread-safe.
#pragma once

#include <set>

#include "base/result.hpp"
#include "sidecar/sockets/counters.hpp"

namespace cutline::sockets {

class Bases {
 public:
  // Ports that are listened on tell of short connections which end had connected. Call with each look, before the final
  // counters.
  void listen(const Sockets& live);
  // Takes note of sockets seen for the first time; those that are gone wait for their final counters. Good to call now
  // and then while all is well.
  void observe(const Sockets& live);
  // After a restore, before the gate opens: the restored sockets continue the checkpoint's counters, and all that was
  // known of others is forgotten. `offsets`: how far the sequence numbers of restored connections lie after their
  // counters. Returns the checkpoint's connections that have no live socket.
  struct Offset {
    std::uint32_t sent = 0;
    std::uint32_t received = 0;
    bool operator==(const Offset&) const = default;
  };
  using Offsets = std::map<protocol::Connection, Offset>;
  [[nodiscard]] protocol::CounterTable rebase(const protocol::CounterTable& checkpoint, const Sockets& live,
                                              Offsets offsets = {});
  // 0 where no rollback moved them.
  [[nodiscard]] Offset offset_of(const protocol::Connection& connection) const;
  // The sequence numbers, from the connection's beginning and mod 2^32, up to which these have received, and those that
  // have closed not long ago had: a node remembers them as long. Not of a name that two connections have had. Calls
  // observe().
  using Numbers = std::map<protocol::Connection, std::uint32_t>;
  [[nodiscard]] Numbers numbers(const Sockets& live);
  // Of the connections that cross pods. Calls observe().
  [[nodiscard]] protocol::CounterTable absolute(const Sockets& live);

  // The final counters of a destroyed socket, which is forgotten. `exact`: they are; else the least that they can be.
  // Nothing: it was no connection that crosses pods, or nothing is known of it (then `exact` says which).
  struct Final {
    std::optional<protocol::Counters> counters;
    bool exact = true;
  };
  [[nodiscard]] Final final_of(const SocketInfo& gone);
  // These, and all that are known, are about to be ended for a restore: no application closes them. The kernel tells of
  // their end from a work queue, on a busy machine long after the restore.
  void end(const Sockets& live);
  // Sockets that are gone and whose end has not been told. forget_gone(): it will not be. give_up(): the same of those
  // that have waited for ten looks; true: there were some.
  [[nodiscard]] std::size_t gone() const { return gone_.size(); }
  void forget_gone() {
    gone_.clear();
    ended_.clear();
  }
  [[nodiscard]] bool give_up();

  // Datagrams, as the kernel counts them since the pod's start, and as of its present state.
  void rebase(const protocol::FlowTable& checkpoint, const protocol::FlowTable& live);
  [[nodiscard]] protocol::FlowTable absolute(const protocol::FlowTable& live) const;

  [[nodiscard]] std::string to_json() const;
  // Corrupt: not what to_json() had written.
  [[nodiscard]] static Result<Bases> from_json(std::string_view text);

  struct Base {
    Origin origin = Origin::Accepted;
    std::int64_t sent = 0;      // added to acked and sent
    std::int64_t received = 0;  // negative when the kernel counted the receive queue once more
    bool operator==(const Base&) const = default;
  };
  [[nodiscard]] const std::map<Cookie, Base>& all() const { return bases_; }

 private:
  Final closed(protocol::Counters counters, bool exact);

  struct Seen {
    Base base;
    protocol::Counters last;  // absolute, at the last look
    int looks = 0;            // since it has gone
  };
  using Addresses = std::pair<std::string, std::string>;  // local, remote
  struct FlowBase {
    std::int64_t sent = 0, received = 0;
  };

  std::map<Cookie, Base> bases_;
  std::map<Cookie, protocol::Counters> last_;  // of those that cross pods
  std::map<Cookie, Seen> gone_;
  std::set<Cookie> ended_;  // for a restore, and not yet told of
  std::set<Cookie> told_;  // their end has been told of since the last look; one that was taken before still shows them
  Ports listening_;        // at the last look, and since
  Offsets offsets_;
  struct Closed {
    std::uint32_t number = 0;
    int looks = 0;  // since
  };
  std::map<protocol::Connection, Closed> closed_;
  std::map<Addresses, FlowBase> flows_;
};

}  // namespace cutline::sockets
