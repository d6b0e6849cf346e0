// Counters of connections from their very beginning, across rollbacks.
//
// CRIU makes a restored connection anew: a new cookie, acknowledged bytes from 0, received bytes from what lay in the
// receive queue. So each socket has a base that is added to what the kernel says. It is found right after the restore,
// behind the closed gate, when nothing can have moved yet:   base = counters in the checkpoint - counters of the
// restored socket. An end that connected has used a sequence number for its SYN; which end that was is decided when a
// socket is first seen, and kept.
//
// Pure values; the shell keeps to_json() in a file, so that a sidecar that starts again knows them. Not thread-safe.
#pragma once

#include "base/result.hpp"
#include "sidecar/sockets/counters.hpp"

namespace cutline::sockets {

class Bases {
 public:
  // Takes note of sockets seen for the first time, forgets those that are gone. Good to call now and then while all is
  // well.
  void observe(const Sockets& live);
  // After a restore, before the gate opens: the restored sockets continue the checkpoint's counters. Returns the
  // checkpoint's connections that have no live socket.
  [[nodiscard]] protocol::CounterTable rebase(const protocol::CounterTable& checkpoint, const Sockets& live);
  // Of the connections that cross pods. Calls observe().
  [[nodiscard]] protocol::CounterTable absolute(const Sockets& live);

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
  std::map<Cookie, Base> bases_;
};

}  // namespace cutline::sockets
