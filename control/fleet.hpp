// The operator's end: one kept connection per sidecar, calls in parallel, each with a total deadline.
#pragma once

#include <functional>
#include <memory>

#include "base/deadline.hpp"
#include "control/identity.hpp"
#include "protocol/messages.hpp"

namespace cutline::control {

struct Peer {
  PodUid uid;  // the certificate at the other end must carry it: an address may have passed on to another pod
  std::string address;
  std::uint16_t port = 0;
};

using OnReply = std::function<void(Result<protocol::Reply>)>;

struct Call {
  Peer peer;
  protocol::Command command;
  Deadline deadline;
  OnReply on_reply;
};

class Fleet {
 public:
  explicit Fleet(IdentitySource identity);
  ~Fleet();  // pending calls end with Unavailable; joins

  // Exactly one OnReply for each, on the fleet's own thread (must not block): the reply; Timeout at the deadline;
  // Unavailable when the connection cannot be made or breaks (the command may have arrived: say it again, all commands
  // are idempotent).
  void call(std::vector<Call> calls);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cutline::control
