// Who may have talked to whom, from all pods' timelines together: each link is one connection between two pods (or one
// flow of datagrams), with what is known of it at both ends.
//
// - Pair: both ends are known, and they are the same connection.
// - OneSided: only one end is known. The other pod has not begun it in any state that is known (it may have died
//   since), or what it told of closed connections is not complete.
// - Unsure: the endpoints were used more than once, and which use at one end is which at the other cannot be told. All
//   of them together.
// - Unobserved: no end is known. Both pods have an interval that was not wholly observed.
//
// Uses of the same endpoints are paired in order. That is unsure when one in the middle may have been an attempt that
// the other side never saw (nothing acknowledged, nothing received), when several servers behind one Service show the
// same client endpoint, and when numbers contradict one another: more received than a closed end has sent, say.
//
// Pure. A Links borrows nothing from what it was made from.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>

#include "base/ids.hpp"
#include "protocol/timeline.hpp"

namespace cutline::protocol {

// One pod, for the questions that are asked of histories.
struct PodHistory {
  PodUid uid;
  std::vector<std::string> addresses;
  // Virtual addresses that may lead to it: those of the Services that select it. Not known: any address that is
  // nobody's may; then what a pod that died did behind one after its last checkpoint is not seen as its doing.
  std::optional<std::vector<std::string>> services;
  History history;
};

struct Side {
  std::uint32_t pod = 0;
  std::uint32_t ends = kNone;  // into the timeline's connections, or flows
  std::uint32_t use = kNone;   // into the uses of these
  static constexpr std::uint32_t kNone = 0xffffffff;
};

struct Link {
  enum class Kind { Pair, OneSided, Unsure, Unobserved } kind = Kind::Pair;
  bool datagrams = false;
  std::array<Side, 2> sides;
};

struct Outside {  // an end whose other end is no pod's
  std::uint32_t pod = 0;
  std::uint32_t ends = 0;
};

struct Links {
  std::vector<Timeline> timelines;  // per pod, in the order given
  std::vector<Link> links;
  std::vector<Outside> outside;  // connections
  std::vector<Outside> outside_flows;

  [[nodiscard]] const Ends& ends(const Side& side, bool datagrams) const {
    const auto& of = timelines[side.pod];
    return (datagrams ? of.flows : of.connections)[side.ends];
  }
};

[[nodiscard]] Links find_links(const std::vector<PodHistory>& pods);

// What one end of a link can provide to the other, and what it needs of it, at one point of its pod; see cascade.hpp.
// `confirmed` and `acked` are for lost: Forbid, and line.hpp says what they stand for.
struct Worth {
  std::uint64_t sent = 0, confirmed = 0;  // provided
  std::uint64_t received = 0, acked = 0;  // needed
};
inline constexpr std::uint64_t kAny = std::uint64_t{1} << 62;  // provides whatever is needed

// `settled_present`: connections that are open now count as if they closed in order with what they have moved so far.
// That is the least that any later state of the pod can need; used to see what no future needs.
[[nodiscard]] Worth worth(const Links& links, const Link& link, int side, std::uint32_t point,
                          bool settled_present = false);

}  // namespace cutline::protocol
