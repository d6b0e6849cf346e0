#include "protocol/closure.hpp"

#include <algorithm>
#include <deque>

namespace cutline::protocol {
namespace {

using Kind = Link::Kind;
using Reason = Membership::Reason;

class Search {
 public:
  Search(const PodUid& initiator, ClosureRule rule, const std::vector<Candidate>& candidates,
         const std::map<PodUid, History>& asked)
      : rule_{rule}, candidates_{candidates} {
    for (const auto& [pod, addresses, services] : candidates) {
      histories_.push_back({pod, addresses, services, {}});
      addresses_.insert(addresses.begin(), addresses.end());
      index_.emplace(pod, static_cast<std::uint32_t>(index_.size()));
      const auto known = asked.find(pod);
      if (known == asked.end()) continue;
      auto& history = histories_.back().history = known->second;
      for (auto& checkpoint : history.checkpoints) checkpoint.observed = true;  // another snapshot's matter
    }
    links_ = find_links(histories_);
    links_of_.resize(histories_.size());
    for (const auto& link : links_.links)
      if (link.kind != Kind::Unobserved)
        for (const auto& side : link.sides) links_of_[side.pod].push_back(&link);
    outside_of_.resize(histories_.size());
    for (const bool datagrams : {false, true})
      for (const auto& end : datagrams ? links_.outside_flows : links_.outside)
        outside_of_[end.pod].emplace_back(end.ends, datagrams);
    add(initiator, Reason::Initiator, initiator);
    if (rule == ClosureRule::Full)
      for (const auto& candidate : candidates) add(candidate.uid, Reason::Full, initiator);
  }

  Closure run() && {
    for (; rule_ != ClosureRule::Full && !turn_.empty(); turn_.pop_front()) {
      const auto pod = index_.find(turn_.front());
      if (pod == index_.end() || !asked(pod->second))
        out_.ask.insert(turn_.front());
      else
        follow(pod->second);
    }
    std::erase_if(out_.orphans, [&](const Closure::Orphan& orphan) { return out_.members.contains(orphan.sender); });
    for (const auto& [pod, why] : out_.members) out_.ask_again.erase(pod);
    return std::move(out_);
  }

 private:
  void add(const PodUid& pod, Reason reason, const PodUid& by) {
    if (out_.members.emplace(pod, Membership{reason, by}).second) turn_.push_back(pod);
  }
  const PodUid& uid(std::uint32_t pod) const { return histories_[pod].uid; }
  bool asked(std::uint32_t pod) const { return histories_[pod].history.present.has_value(); }
  bool observed(std::uint32_t pod) const { return histories_[pod].history.present->observed; }
  std::uint32_t last(std::uint32_t pod) const { return links_.timelines[pod].checkpoints; }  // point 0 if there is none

  void follow(std::uint32_t member) {
    if (!observed(member))
      for (const auto& candidate : candidates_) add(candidate.uid, Reason::NotObserved, uid(member));
    for (const auto* link : links_of_[member]) follow(member, *link);
    for (const auto& [ends, datagrams] : outside_of_[member]) follow(member, ends, datagrams);
  }

  void follow(std::uint32_t member, const Link& link) {
    const std::size_t mine = link.sides[0].pod == member ? 0 : 1;
    const auto &side = link.sides[mine], &other = link.sides[1 - mine];
    if (side.ends == Side::kNone) return;  // it knows of nothing, so it did nothing
    const auto& ends = links_.ends(side, link.datagrams);
    for (std::uint32_t u = 0; u < ends.uses.size(); ++u) {
      if (side.use != Side::kNone && side.use != u) continue;
      follow(member, ends.name, ends.uses[u], link, other);
    }
  }

  void follow(std::uint32_t member, const Connection& name, const Use& use, const Link& link, const Side& other) {
    // Through a Service, and no pod that was asked shows the other end.
    const bool guess = link.kind == Kind::OneSided && !addresses_.contains(name.remote.address);
    const bool wrote = sent(member, use), read = grew(member, use, link.datagrams);
    if (guess && (wrote || read)) ask_those_of_unknown_services();
    if (!asked(other.pod)) {
      if (wrote && !guess)
        add(uid(other.pod), Reason::SentTo, uid(member));
      else if (wrote || read)
        out_.ask.insert(uid(other.pod));
      return;
    }
    if (guess && (wrote || read)) out_.ask_again.insert(uid(other.pod));
    if (guess && observed(other.pod)) return;
    const auto reason = [&](Reason is) { return guess ? Reason::NotObserved : is; };
    if (wrote) add(uid(other.pod), reason(Reason::SentTo), uid(member));
    const auto orphans = received(member, use, link, other);
    if (orphans == 0) return;
    if (rule_ == ClosureRule::Consistent) add(uid(other.pod), reason(Reason::ReceivedFrom), uid(member));
    out_.orphans.push_back({uid(other.pod), uid(member), name, orphans, link.datagrams});
  }

  bool sent(std::uint32_t member, const Use& use) const {
    return use.amounts(last(member) + 1).sent > use.amounts(last(member)).sent;
  }

  // May it have received what its peer's last checkpoint has not sent? Of datagrams only what came since its own last
  // checkpoint.
  bool grew(std::uint32_t member, const Use& use, bool datagrams) const {
    const auto before = last(member), now = before + 1;
    return use.amounts(now).received > (datagrams ? use.amounts(before).received : 0);
  }

  // Received in the new line, and not sent at the other pod's last checkpoint.
  std::uint64_t received(std::uint32_t member, const Use& use, const Link& link, const Side& other) const {
    const auto before = last(member), now = before + 1;
    const auto got = use.amounts(now).received;
    if (link.datagrams) return got - use.amounts(before).received;
    if (link.kind == Kind::Unsure) return got;
    // The other pod does not know it: it had closed it even before its last checkpoint's interval; or it has begun it
    // only after it was asked.
    if (other.use == Side::kNone) return got > use.amounts(before).received || !observed(other.pod) ? got : 0;
    const auto& theirs = links_.ends(other, false).uses[other.use];
    if (theirs.vanished && theirs.presence(last(other.pod)) == Presence::Closed) return 0;
    const auto sent = theirs.amounts(last(other.pod)).sent;
    return got > sent ? got - sent : 0;
  }

  // ---- to an address that is no pod's and no Service's ----

  bool ask_those_of_unknown_services() {
    bool any = false;
    for (std::uint32_t pod = 0; pod < histories_.size(); ++pod) {
      if (histories_[pod].services) continue;
      (asked(pod) ? out_.ask_again : out_.ask).insert(uid(pod));
      any = any || !asked(pod);
    }
    return any;
  }

  void follow(std::uint32_t member, std::uint32_t index, bool datagrams) {
    const auto& all = links_.timelines[member];
    const auto& ends = (datagrams ? all.flows : all.connections)[index];
    bool changed = false, lives = false;
    for (const auto& use : ends.uses) {
      changed = changed || sent(member, use) || grew(member, use, datagrams);
      lives = lives || use.presence(last(member)) != Presence::Closed;
    }
    const bool may_be_shown = changed && ask_those_of_unknown_services();
    if (may_be_shown || datagrams || !lives) return;
    const auto& [acked, sent_bytes, received_bytes] = ends.uses.back().values.back();
    out_.external.push_back({uid(member), {ends.name.local, ends.name.remote, acked, sent_bytes, received_bytes}});
  }

  const ClosureRule rule_;
  const std::vector<Candidate>& candidates_;
  std::set<std::string> addresses_;
  std::map<PodUid, std::uint32_t> index_;
  std::vector<PodHistory> histories_;
  Links links_;
  std::vector<std::vector<const Link*>> links_of_;
  std::vector<std::vector<std::pair<std::uint32_t, bool>>> outside_of_;
  std::deque<PodUid> turn_;
  Closure out_;
};

}  // namespace

Closure closure(const PodUid& initiator, ClosureRule rule, const std::vector<Candidate>& candidates,
                const std::map<PodUid, History>& asked) {
  return Search{initiator, rule, candidates, asked}.run();
}

}  // namespace cutline::protocol
