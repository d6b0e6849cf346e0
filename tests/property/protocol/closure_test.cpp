// The closure against what the pods have really sent one another since their last checkpoints.
#include "protocol/closure.hpp"

#include "questions.hpp"

namespace cutline::protocol {
namespace {

using State = Traffic::State;

// What P did to Q since P's last checkpoint, and what of Q's it has that Q's last checkpoint has not sent.
struct Done {
  bool sent = false, orphan = false;
};

Done done(const Traffic& traffic, std::size_t p, std::size_t q, bool whole = true) {
  const auto now = traffic.now(p), before = traffic.checkpoints(p).back(), theirs = traffic.checkpoints(q).back();
  const auto end = [](const State& state, std::size_t c, int side) {
    const auto it = state.ends.find({c, side});
    return it == state.ends.end() ? Traffic::End{} : it->second;
  };
  const auto flow = [](const State& state, std::size_t with) {
    const auto it = state.datagrams.find(with);
    return it == state.datagrams.end() ? Amounts{} : it->second;
  };
  Done out{flow(now, q).sent > flow(before, q).sent, flow(now, q).received > flow(before, q).received};
  for (std::size_t c = 0; c < traffic.connections(); ++c) {
    for (const int side : {0, 1}) {
      if (traffic.ends_of(c, side) != p || traffic.ends_of(c, 1 - side) != q) continue;
      const auto mine = end(now, c, side), was = end(before, c, side);
      if (!whole && was.presence == Presence::Closed) continue;
      if (mine.amounts.sent > was.amounts.sent) out.sent = true;
      if (mine.amounts.received > end(theirs, c, 1 - side).amounts.sent) out.orphan = true;
    }
  }
  return out;
}

// `whole`: from the pods' whole histories; else connections that P had closed by its last checkpoint are not looked at.
std::set<std::size_t> true_closure(const Traffic& traffic, std::size_t initiator, ClosureRule rule, bool whole = true) {
  std::set<std::size_t> out{initiator};
  for (bool grew = true; grew;) {
    grew = false;
    for (std::size_t p = 0; p < traffic.pods(); ++p) {
      for (std::size_t q = 0; q < traffic.pods(); ++q) {
        if (p == q || !out.contains(p)) continue;
        const auto [sent, orphan] = done(traffic, p, q, whole);
        if (sent || (orphan && rule == ClosureRule::Consistent)) grew = out.insert(q).second || grew;
      }
    }
  }
  return out;
}

std::vector<Candidate> candidates(const Traffic& traffic) {
  std::vector<Candidate> out;
  for (std::size_t pod = 0; pod < traffic.pods(); ++pod) {
    const auto of = traffic.history(pod);
    out.push_back({of.uid, of.addresses, any(2) == 0 ? of.services : std::nullopt});
  }
  return out;
}

Closure discover(const Traffic& traffic, std::size_t initiator, ClosureRule rule, std::size_t last = 100) {
  const auto all = candidates(traffic);
  std::map<PodUid, History> asked;
  for (;;) {
    auto found = closure(all[initiator].uid, rule, all, asked);
    if (found.complete()) return found;
    for (std::size_t pod = 0; pod < traffic.pods(); ++pod) {
      if (!found.ask.contains(all[pod].uid)) continue;
      auto history = traffic.history(pod).history;
      auto& saved = history.checkpoints;
      if (saved.size() > last) saved.erase(saved.begin(), saved.end() - static_cast<long>(last));
      RC_ASSERT(asked.emplace(all[pod].uid, std::move(history)).second);  // nobody is asked twice
    }
  }
}

void is_the_true_one(const Habits& habits, ClosureRule rule) {
  Traffic traffic(2 + any(5), habits, choices());
  traffic.run();
  const auto initiator = any(traffic.pods());
  const auto found = discover(traffic, initiator, rule);
  const auto expected = true_closure(traffic, initiator, rule);
  RC_LOG() << traffic.told();
  std::set<std::size_t> members;
  for (std::size_t pod = 0; pod < traffic.pods(); ++pod)
    if (found.members.contains(traffic.history(pod).uid)) members.insert(pod);
  RC_ASSERT(members == expected);
  RC_CLASSIFY(members.size() < traffic.pods(), "a part");
  bool orphan = false;  // the line after it: members as they are now, all others at their last checkpoint
  for (const auto p : members)
    for (std::size_t q = 0; q < traffic.pods(); ++q)
      orphan = orphan || (!members.contains(q) && done(traffic, p, q).orphan);
  RC_ASSERT(orphan == !found.orphans.empty());
  if (rule == ClosureRule::Consistent) RC_ASSERT(!orphan);
  for (const auto& [pod, why] : found.members) RC_ASSERT(found.members.contains(why.by));
}

constexpr int kCases = 800;

TEST(AnyClosure, IsWhomTheInitiatorSentToDirectlyOrNot) {
  holds(kCases, [] { is_the_true_one({.attempts = true, .datagrams = true, .outside = true}, ClosureRule::Paper); });
}
TEST(AnyClosure, LeavesNoOrphanWhenItIsToBeConsistent) {
  holds(kCases,
        [] { is_the_true_one({.attempts = true, .datagrams = true, .outside = true}, ClosureRule::Consistent); });
}
TEST(AnyClosure, SeesThroughServicesAndEndpointsThatAreUsedAgain) {
  holds(kCases, [] { is_the_true_one({.services = true, .checkpoints = 20}, ClosureRule::Consistent); });
  holds(kCases, [] { is_the_true_one({.reuse = true, .checkpoints = 20}, ClosureRule::Consistent); });
}
// What lies before a pod's last checkpoint does not decide: a member too many at the most.
void is_not_too_small(const Habits& habits, std::size_t last) {
  Traffic traffic(2 + any(5), habits, choices());
  traffic.run();
  const auto initiator = any(traffic.pods());
  const auto found = discover(traffic, initiator, ClosureRule::Consistent, last);
  RC_LOG() << traffic.told();
  std::set<std::size_t> members;
  for (std::size_t pod = 0; pod < traffic.pods(); ++pod)
    if (found.members.contains(traffic.history(pod).uid)) members.insert(pod);
  for (const auto p : members)
    for (std::size_t q = 0; q < traffic.pods(); ++q)
      if (!members.contains(q)) RC_ASSERT(!done(traffic, p, q, false).orphan);
}
TEST(AnyClosure, LeavesNoOrphanWhenOnlyTheLastCheckpointIsKnown) {
  holds(kCases, [] { is_not_too_small({.attempts = true, .datagrams = true, .checkpoints = 20}, 1); });
  holds(kCases, [] { is_not_too_small({.services = true, .attempts = true, .reuse = true, .checkpoints = 20}, 1); });
}
TEST(AnyClosure, LeavesNoOrphanWhenClosingsWereNotSeen) {
  holds(kCases,
        [] { is_not_too_small({.services = true, .shared_service = true, .reuse = true, .blind = true}, 100); });
  holds(kCases, [] { is_not_too_small({.services = true, .attempts = true, .blind = true, .checkpoints = 20}, 1); });
}

// Between the discovery and the cut traffic goes on. Members tell what they had exchanged when they were saved, the
// others what they had when they were asked.
void is_consistent_at_the_cut(const Habits& habits) {
  Traffic traffic(2 + any(5), habits, choices());
  traffic.run(20 + any(150));
  const auto all = candidates(traffic);
  const auto initiator = all[any(traffic.pods())].uid;
  std::map<PodUid, History> known;
  std::set<PodUid> saved;
  const auto ask = [&](const std::set<PodUid>& whom, bool as_saved) {
    for (std::size_t pod = 0; pod < traffic.pods(); ++pod) {
      if (!whom.contains(all[pod].uid)) continue;
      auto history = traffic.history(pod).history;
      if (as_saved) saved.insert(all[pod].uid);
      if (history.checkpoints.size() > 1)
        history.checkpoints.erase(history.checkpoints.begin(), history.checkpoints.end() - 1);
      known.insert_or_assign(all[pod].uid, std::move(history));
    }
  };
  std::set<PodUid> again;
  const auto settle = [&](bool at_the_cut) {
    for (;;) {
      auto found = closure(initiator, ClosureRule::Consistent, all, known);
      std::set<PodUid> fresh;
      for (const auto& [pod, why] : found.members)
        if (at_the_cut && !saved.contains(pod)) fresh.insert(pod);
      for (const auto& pod : found.ask_again)
        if (at_the_cut && again.insert(pod).second) found.ask.insert(pod);
      if (found.ask.empty() && fresh.empty()) return found;
      ask(found.ask, false);
      ask(fresh, true);
    }
  };
  const auto before = settle(false);
  traffic.no_more_checkpoints();  // "one round at a time for each pod"
  traffic.run();
  for (const auto& [pod, why] : before.members) ask({pod}, true);
  const auto found = settle(true);
  RC_LOG() << traffic.told();
  RC_CLASSIFY(found.members.size() > before.members.size(), "extended");
  for (std::size_t p = 0; p < traffic.pods(); ++p)
    for (std::size_t q = 0; q < traffic.pods(); ++q)
      if (found.members.contains(all[p].uid) && !found.members.contains(all[q].uid))
        RC_ASSERT(!done(traffic, p, q, false).orphan);
}
TEST(AnyClosure, LeavesNoOrphanAtTheCutThoughTrafficWentOn) {
  holds(kCases, [] { is_consistent_at_the_cut({.attempts = true, .datagrams = true}); });
  holds(kCases, [] { is_consistent_at_the_cut({.services = true, .attempts = true, .reuse = true}); });
}

}  // namespace
}  // namespace cutline::protocol
