// Who depends on the initiator of an incremental snapshot: "a process is dependent on the coordinator if it has received a message that is
// directly or indirectly causally related to a message that the coordinator had sent since the last checkpoint."
//
// Paper keeps to the text: from the initiator on, whoever a member has sent to since its own last checkpoint is a member. That alone can
// leave an orphan: a pod outside of the set that has sent to one inside, after its own last checkpoint. Consistent (the default) takes in
// those too: whoever a member has received more from than that pod's last checkpoint had sent. Then the new checkpoints of the members
// and the last ones of all others are a consistent global state.
//
// Everything is judged from counters since a connection's beginning, at the last checkpoint and now; what closed since then is in `closed`.
// A connection that a pod's last checkpoint does not know had sent nothing then: an earlier one that was closed before that checkpoint can
// make a pod a member that need not be one, never leave one out.
//
// Pure; linear in the number of counters, but for sorting.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "protocol/messages.hpp"

namespace cutline::protocol {

enum class Rule { Consistent, Paper };

// What a pod has said of itself: its last committed checkpoint, none: its start; and what it had exchanged when it was asked, or saved.
struct Known {
  std::optional<LocalCheckpoint> last;
  LocalCheckpoint present;
};

struct Why {
  enum class Reason {
    Initiator,
    SentTo,        // by `by`
    ReceivedFrom,  // `by` has received from it
    NotObserved,   // not all of what `by` did was seen: it may have talked to anyone
  };
  Reason reason = Reason::Initiator;
  PodUid by;
  std::uint64_t amount = 0;  // bytes and datagrams since the sender's last checkpoint
  bool operator==(const Why&) const = default;
};

struct LeftOrphan {  // with Paper: `to` has received what `from`, which is no member, has then not sent
  PodUid from;
  PodUid to;
  std::uint64_t amount = 0;
  bool operator==(const LeftOrphan&) const = default;
};

struct Closure {
  std::map<PodUid, Why> members;      // found so far
  std::set<PodUid> ask;               // what these know is needed to go on; none: the closure is complete
  std::vector<Counters> external;     // open connections of members to outside of the workload, once all were asked who might be there
  std::vector<LeftOrphan> orphans;
};

// All pods of the workload, with their addresses.
using Candidates = std::map<PodUid, std::vector<std::string>>;

[[nodiscard]] Closure closure(const PodUid& initiator, Rule rule, const std::map<PodUid, Known>& known, const Candidates& candidates);

}  // namespace cutline::protocol
