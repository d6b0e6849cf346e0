#include "protocol/line.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "protocol/wiring.hpp"

namespace cutline::protocol {
namespace {

using Kind = Link::Kind;
using Why = Closing::Why;

std::vector<PodHistory> histories(const std::vector<LinePod>& pods) {
  std::vector<PodHistory> out;
  for (const auto& pod : pods) out.push_back(pod.pod);
  return out;
}

Connection mirrored(const Connection& c) { return {c.remote, c.local}; }

class Engine {
 public:
  Engine(const std::vector<LinePod>& pods, const LineOptions& options)
      : pods_{pods}, options_{options}, histories_{histories(pods)}, links_{find_links(histories_)} {}

  std::variant<Line, NoLine> run() {
    begin();
    const std::uint32_t lowest = options_.allow_restart ? 0 : 1;
    for (std::uint32_t pod = 0; pod < pods_.size(); ++pod) {
      if (at_[pod] < lowest) return NoLine{uid(pod), std::move(line_.moves)};
    }
    const auto dependencies = wire(histories_, links_, {.losses = forbid(), .settled_present = false});
    const auto settled = dependencies.settle(at_, moved_, lowest);
    index_links(settled.falls);
    for (const auto& fall : settled.falls) line_.moves.push_back(explain(fall));
    if (settled.no_line) return NoLine{uid(*settled.no_line), std::move(line_.moves)};
    finish(settled);
    return std::move(line_);
  }

 private:
  bool forbid() const { return options_.lost == Lost::Forbid; }
  const PodUid& uid(std::uint32_t pod) const { return pods_[pod].pod.uid; }
  const Timeline& timeline(std::uint32_t pod) const { return links_.timelines[pod]; }
  bool present(std::uint32_t pod, std::uint32_t point) const { return point > timeline(pod).checkpoints; }

  Point point(std::uint32_t pod, std::uint32_t at) const {
    if (at == 0) return {};
    if (present(pod, at)) return {Point::Kind::Present, {}};
    return {Point::Kind::Checkpoint, pods_[pod].pod.history.checkpoints[at - 1].index};
  }

  // "... requires that each process is rolled back to its most recently saved state": those that have failed, or are
  // told to.
  void begin() {
    for (std::uint32_t pod = 0; pod < pods_.size(); ++pod) {
      const auto& [of, lives, newest] = pods_[pod];
      const auto now = timeline(pod).checkpoints + 1;
      auto at = now;
      if (!lives || !of.history.present) at = now - 1;
      if (newest) {
        while (at > 0 && (at == now || of.history.checkpoints[at - 1].index > *newest)) --at;
      }
      at_.push_back(at);
      moved_.push_back(at != now);
      if (at == now) continue;
      const bool failed = !lives || !of.history.present;
      line_.moves.push_back(
          {uid(pod), {Point::Kind::Present, {}}, point(pod, at), failed ? Move::Cause::Failed : Move::Cause::Asked});
    }
  }

  void index_links(const std::vector<Dependencies::Fall>& falls) {
    for (const auto& fall : falls) between_[std::minmax(fall.pod, fall.cause)];
    for (std::size_t i = 0; i < links_.links.size(); ++i) {
      const auto& [one, other] = links_.links[i].sides;
      if (const auto it = between_.find(std::minmax(one.pod, other.pod)); it != between_.end()) it->second.push_back(i);
    }
  }

  // ---- why a pod moved ----

  struct Reason {
    Move::Cause cause = Move::Cause::Unobserved;
    std::uint64_t amount = 0;
  };

  // What this link has against `who` at `from` beside its peer at `peer_at`.
  std::optional<Reason> against(const Link& link, int peer_side, std::uint32_t peer_at, std::uint32_t from) const {
    const auto theirs = worth(links_, link, peer_side, peer_at), mine = worth(links_, link, 1 - peer_side, from);
    const bool orphan = mine.received > theirs.sent, loss = forbid() && mine.acked > theirs.confirmed;
    if (!orphan && !loss) return {};
    if (link.kind == Kind::Unsure) return Reason{Move::Cause::Unsure, 0};
    if (link.kind == Kind::Unobserved || end(link, 1 - peer_side) == nullptr) return Reason{Move::Cause::Unobserved, 0};
    if (orphan) return Reason{Move::Cause::Orphan, mine.received - std::min(theirs.sent, mine.received)};
    const auto acked = amounts(link, 1 - peer_side, from).acked, received = amounts(link, peer_side, peer_at).received;
    if (acked > received) return Reason{Move::Cause::Loss, acked - received};
    return Reason{Move::Cause::NotResumable, 0};
  }

  Move explain(const Dependencies::Fall& fall) const {
    Move move{uid(fall.pod),   point(fall.pod, fall.from),      point(fall.pod, fall.to), Move::Cause::Unobserved,
              uid(fall.cause), point(fall.cause, fall.cause_at)};
    move.round = fall.round;
    std::uint64_t most = 0;
    for (const auto i : between_.at(std::minmax(fall.pod, fall.cause))) {
      const auto& link = links_.links[i];
      const int peer_side = link.sides[0].pod == fall.cause ? 0 : 1;
      const auto reason = against(link, peer_side, fall.cause_at, fall.from);
      if (!reason || (move.connections > 0 && reason->cause > move.cause)) continue;
      if (move.connections == 0 || reason->cause < move.cause) {  // a weightier cause: count only those
        move.cause = reason->cause;
        move.amount = move.connections = most = 0;
      }
      ++move.connections;
      move.amount += reason->amount;
      if (move.connections > 1 && reason->amount <= most) continue;
      most = reason->amount;
      move.connection = name_of(link, 1 - peer_side);
      move.datagrams = link.datagrams;
    }
    return move;
  }

  Connection name_of(const Link& link, int side) const {
    const auto &mine = link.sides[static_cast<std::size_t>(side)],
               &theirs = link.sides[static_cast<std::size_t>(1 - side)];
    if (mine.ends != Side::kNone) return links_.ends(mine, link.datagrams).name;
    if (theirs.ends != Side::kNone) return mirrored(links_.ends(theirs, link.datagrams).name);
    return {};
  }

  // ---- what cannot be resumed ----

  const Use* end(const Link& link, int side) const {
    const auto& of = link.sides[static_cast<std::size_t>(side)];
    return of.use == Side::kNone ? nullptr : &links_.ends(of, link.datagrams).uses[of.use];
  }
  Presence presence(const Link& link, int side, std::uint32_t at) const {
    const auto* use = end(link, side);
    return use == nullptr ? Presence::Absent : use->presence(at);
  }
  Amounts amounts(const Link& link, int side, std::uint32_t at) const {
    const auto* use = end(link, side);
    return use == nullptr ? Amounts{} : use->amounts(at);
  }

  void finish(const Dependencies::Settled& settled) {
    for (std::uint32_t pod = 0; pod < pods_.size(); ++pod) {
      line_.points[uid(pod)] = point(pod, settled.at[pod]);
      const auto began = std::min(at_[pod], timeline(pod).checkpoints);
      if (settled.at[pod] < began) line_.domino_depth = std::max(line_.domino_depth, began - settled.at[pod]);
    }
    for (const auto& fall : settled.falls) line_.rounds = std::max(line_.rounds, fall.round);
    at_ = settled.at;
    for (const auto& link : links_.links) {
      if (link.datagrams || link.kind == Kind::Unobserved) continue;
      if (live(link.sides[0].pod) && live(link.sides[1].pod)) continue;
      if (link.kind == Kind::Unsure)
        sever_all(link);
      else
        sever(link);
    }
    for (const auto& [pod, ends] : links_.outside) {
      const auto& all = timeline(pod).connections[ends];
      for (const auto& use : all.uses) {
        if (!live(pod) && use.presence(at_[pod]) == Presence::Open)
          line_.close[uid(pod)].push_back({all.name, {}, Why::Outside});
      }
    }
    for (auto& [pod, closings] : line_.close) std::ranges::sort(closings);
  }

  bool live(std::uint32_t pod) const { return present(pod, at_[pod]); }

  bool resumable(const Link& link) const {
    const auto& [one, other] = link.sides;
    if (link.kind != Kind::Pair || live(one.pod) || live(other.pod)) return false;
    if (presence(link, 0, at_[one.pod]) != Presence::Open || presence(link, 1, at_[other.pod]) != Presence::Open)
      return false;
    const auto a = amounts(link, 0, at_[one.pod]), b = amounts(link, 1, at_[other.pod]);
    return a.acked <= b.received && b.received <= a.sent && b.acked <= a.received && a.received <= b.sent;
  }

  void sever(const Link& link) {
    if (resumable(link)) return;
    const std::array at{at_[link.sides[0].pod], at_[link.sides[1].pod]};
    const std::array presences{presence(link, 0, at[0]), presence(link, 1, at[1])};
    bool lost = false;
    for (const int side : {0, 1}) {
      const auto mine = static_cast<std::size_t>(side), theirs = 1 - mine;
      const auto& of = link.sides[mine];
      if (presences[mine] == Presence::Absent || !once(of)) continue;
      const auto here = amounts(link, side, at[mine]), there = amounts(link, 1 - side, at[theirs]);
      const auto reached = presences[mine] == Presence::Open ? here.sent : here.acked;
      const bool attempt = presences[theirs] == Presence::Absent && here.acked == 0 && here.received == 0;
      if (presences[theirs] != Presence::Closed && !attempt && reached > there.received)
        line_.lost_bytes += reached - there.received;
      if (presences[mine] != Presence::Open) continue;
      if (presences[theirs] == Presence::Closed && live(of.pod)) continue;  // nothing has changed for it
      lost = lost || (presences[theirs] != Presence::Closed && !attempt);
      line_.close[uid(of.pod)].push_back(
          {links_.ends(of, false).name, uid(link.sides[theirs].pod), why(link, presences[theirs])});
    }
    if (lost) ++line_.lost_connections;
  }

  Why why(const Link& link, Presence other) const {
    if (other == Presence::Closed) return Why::PeerClosed;
    if (other == Presence::Absent) return Why::Unknown;
    return live(link.sides[0].pod) || live(link.sides[1].pod) ? Why::OneMoved : Why::Gap;
  }

  void sever_all(const Link& link) {
    for (const int side : {0, 1}) {
      auto of = link.sides[static_cast<std::size_t>(side)];
      const auto& ends = links_.ends(of, false);
      for (of.use = 0; of.use < ends.uses.size(); ++of.use) {
        const auto& use = ends.uses[of.use];
        if (use.presence(at_[of.pod]) != Presence::Open || !once(of)) continue;
        const auto now = use.amounts(at_[of.pod]);
        line_.lost_bytes += now.sent - now.acked;
        ++line_.lost_connections;
        line_.close[uid(of.pod)].push_back(
            {ends.name, uid(link.sides[static_cast<std::size_t>(1 - side)].pod), Why::Unsure});
      }
    }
  }

  // An end can stand in several links, when it is not known with whom it was.
  bool once(const Side& side) { return severed_.emplace(side.pod, side.ends, side.use).second; }

  const std::vector<LinePod>& pods_;
  const LineOptions& options_;
  std::vector<PodHistory> histories_;
  Links links_;
  std::vector<std::uint32_t> at_;
  std::vector<bool> moved_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<std::size_t>> between_;
  std::set<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>> severed_;
  Line line_;
};

}  // namespace

std::variant<Line, NoLine> recovery_line(const std::vector<LinePod>& pods, const LineOptions& options) {
  return Engine{pods, options}.run();
}

}  // namespace cutline::protocol
