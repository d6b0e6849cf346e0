// Who depends on the initiator of an incremental snapshot: "send a checkpoint request only to those processes that
// depend on the recovery of the coordinator, and ignore the other processes."
//
// "1. The coordinator sends a checkpoint request only to those processes it had sent a message to since it last took a
// checkpoint. 2. When a process P receives such a request, it forwards the request to all those processes to which P
// itself had sent a message since the last checkpoint. 3. Step 2 is repeated until all processes have been identified."
//
// A function of what is known so far: it says who belongs, and who has to be asked before more can be said. The caller
// asks those, adds the answers, and calls again, level by level, until `ask` is empty. At the cut it is called again
// with what the members have acknowledged in place of their present states: traffic went on in between, and a new name
// extends the set.
//
// - P sent to Q if on a connection between them P has sent more than at P's last checkpoint (the end of its stream, a
//   FIN, counts as a byte), or has sent it a datagram since.
// - P received from Q if it has received more than Q's last checkpoint has sent: an orphan of the new line. Of
//   datagrams, if any came since P's own last checkpoint: counters cannot tell a late one from one that takes a lost
//   one's place. With Consistent Q belongs then. With Paper this is reported, and Q stays out.
// - If what P did since its last checkpoint was not all observed, all others belong.
//
// Of each pod that was asked: its history, of which the last committed checkpoint and the present are enough, and the
// present is either its state now or what it has just acknowledged. Connections that closed before what a history tells
// are not looked at: what they left behind was the matter of the snapshot then. A member too many is possible where
// histories say too little; one too few is not.
//
// Pure; thread-safe.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "protocol/links.hpp"

namespace cutline::protocol {

enum class ClosureRule {
  Paper,       // sent to
  Consistent,  // and received from
  Full,        // everybody
};

struct Candidate {  // a pod of the workload
  PodUid uid;
  std::vector<std::string> addresses;
  std::optional<std::vector<std::string>> services;  // as in PodHistory
};

struct Membership {
  enum class Reason { Initiator, SentTo, ReceivedFrom, NotObserved, Full } reason = Reason::Initiator;
  PodUid by;  // the member that did so, or for Initiator and Full the initiator
  bool operator==(const Membership&) const = default;
};

struct Closure {
  std::map<PodUid, Membership> members;  // found so far; final once `ask` is empty
  std::set<PodUid> ask;                  // what these pods know is needed to go on; not all of them will be members
  // Asked, and no member; but a member has an end, through an address that may lead to it, that nobody shows. If it was
  // asked before that member's state was taken, as at the cut, it has to be asked again.
  std::set<PodUid> ask_again;
  struct External {
    PodUid member;
    Counters counters;
  };
  std::vector<External> external;  // of members, to no pod; open now, or ended since. Final once `ask` is empty
  struct Orphan {
    PodUid sender;  // not a member: it stays at its last checkpoint
    PodUid receiver;
    Connection connection;    // as the receiver names it
    std::uint64_t bytes = 0;  // received in the new line and not sent; of datagrams: how many
    bool datagrams = false;
  };
  std::vector<Orphan> orphans;  // with Paper
  [[nodiscard]] bool complete() const { return ask.empty(); }
};

[[nodiscard]] Closure closure(const PodUid& initiator, ClosureRule rule, const std::vector<Candidate>& candidates,
                              const std::map<PodUid, History>& asked);

}  // namespace cutline::protocol
