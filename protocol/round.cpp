#include "protocol/round.hpp"

#include <algorithm>
#include <utility>

#include "base/overloaded.hpp"

namespace cutline::protocol::round {
namespace {

std::set<PodUid> without(std::set<PodUid> members, const std::set<PodUid>& gone) {
  std::erase_if(members, [&](const PodUid& pod) { return gone.contains(pod); });
  return members;
}

Failure failure(const Plan& plan, const Error& why) { return {plan.epoch, why}; }

// Plans by value: each lives in the state that is about to be replaced.

Output abort(State& state, Plan plan, Error why, Instant now, const std::set<PodUid>& gone = {}) {
  auto waiting = without(plan.members, gone);
  Output out{failure(plan, why), multicast<Abort>(plan.epoch, waiting), {}};
  if (waiting.empty()) {
    state = Ended{plan.epoch, false};
  } else {
    state = Aborting{std::move(plan), std::move(waiting), std::move(why), now + kResendEvery, 0, false};
  }
  return out;
}

// Nothing was sent, so there is nobody to tell.
Output give_up(State& state, const Plan& plan, const Error& why) {
  Output out{failure(plan, why), {}, {}};
  state = Ended{plan.epoch, false};
  return out;
}

Output release(State& state, Plan plan, Instant now, const std::set<PodUid>& gone = {}) {
  auto waiting = without(plan.members, gone);
  Output out{{}, multicast<Done>(plan.epoch, waiting), {}};
  if (waiting.empty()) {
    state = Ended{plan.epoch, true};
  } else {
    state = Releasing{std::move(plan), std::move(waiting), now + kResendEvery};
  }
  return out;
}

// ---- incremental: who depends on the initiator? ---------------------------------------------------------------------

Closure dependents(const Plan& plan, const std::map<PodUid, History>& known) {
  return closure(plan.incremental->initiator, plan.incremental->rule, plan.incremental->candidates, known);
}

bool candidate(const Plan& plan, const PodUid& pod) {
  return std::ranges::find(plan.incremental->candidates, pod, &Candidate::uid) != plan.incremental->candidates.end();
}

// One level: those who are named and have not been asked.
std::vector<Send> ask(Inquiry& inquiry, const std::set<PodUid>& whom) {
  std::vector<Send> out;
  for (const auto& pod : whom)
    if (!inquiry.known.contains(pod) && inquiry.asked.insert(pod).second) out.push_back({pod, Recall{1}});
  return out;
}

bool heard(Inquiry& inquiry, const PodUid& from, const History& history) {
  if (inquiry.asked.erase(from) == 0) return false;
  inquiry.known.emplace(from, history);
  return true;
}

Output reserve(State& state, Plan plan, Inquiry inquiry, std::optional<Closure> found) {
  Reserve record{plan.epoch, plan.members, std::move(found)};
  state = Reserving{std::move(plan), {}, std::move(inquiry)};
  return {std::move(record), {}, {}};
}

Output begin(State& state, const Begin& event) {
  if (!event.plan.incremental) return reserve(state, event.plan, {}, {});
  const auto& initiator = event.plan.incremental->initiator;
  if (!candidate(event.plan, initiator))
    return give_up(state, event.plan, {Code::NotFound, "the initiator is no pod of the workload"});
  Discovering next{event.plan, {}, event.now + kDiscovery};
  Output out{{}, ask(next.inquiry, {initiator}), {}};
  state = std::move(next);
  return out;
}

Output discover(State& state, Discovering& round, const Answered& event) {
  if (const auto* refused = std::get_if<Refused>(&event.reply);
      refused != nullptr && round.inquiry.asked.contains(event.from))
    return give_up(state, round.plan, refused->why.in("pod " + event.from.value));
  const auto* history = std::get_if<History>(&event.reply);
  if (history == nullptr || !heard(round.inquiry, event.from, *history)) return {};
  if (!history->present)
    return give_up(state, round.plan,
                   {Code::Unavailable, fmt::format("pod {}: an application is dead", event.from.value)});
  if (!round.inquiry.asked.empty()) return {};
  auto found = dependents(round.plan, round.inquiry.known);
  if (auto next = ask(round.inquiry, found.ask); !next.empty()) return {{}, std::move(next), {}};
  for (const auto& [pod, why] : found.members) round.plan.members.insert(pod);
  auto plan = std::move(round.plan);
  auto inquiry = std::move(round.inquiry);
  return reserve(state, std::move(plan), std::move(inquiry), std::move(found));
}

CheckpointIndex last(const History& history) {
  return history.checkpoints.empty() ? CheckpointIndex{} : history.checkpoints.back().index;
}

// A member was rolled back since it was asked: what anybody has told may be of a future that was abandoned. Counters
// do not show that, for they may have grown again.
bool outdated(const Requesting& round) {
  return std::ranges::any_of(round.acks, [&](const auto& ack) {
    const auto known = round.inquiry.known.find(ack.first);
    return known != round.inquiry.known.end() && last(known->second) != ack.second.parent;
  });
}

// All who were requested have acknowledged. The cut, asked again: is anybody missing?
Output extend(State& state, Requesting& round) {
  if (outdated(round) && !std::exchange(round.inquiry.afresh, true)) {
    round.inquiry.known.clear();
    return {{}, ask(round.inquiry, round.plan.members), {}};
  }
  // A member whose history is on its way would seem never to have been saved.
  if (std::ranges::any_of(round.inquiry.asked, [&](const auto& pod) { return round.acks.contains(pod); })) return {};
  auto known = round.inquiry.known;
  for (const auto& [pod, checkpoint] : round.acks) known[pod].present = checkpoint;
  auto found = dependents(round.plan, known);
  round.inquiry.again.insert(found.ask.begin(), found.ask.end());
  for (const auto& pod : found.ask_again) {  // what it said may be older than what the members say now
    if (!round.inquiry.again.insert(pod).second) continue;
    round.inquiry.known.erase(pod);
    found.ask.insert(pod);
  }
  Output out{{}, ask(round.inquiry, found.ask), {}};
  for (const auto& [pod, why] : found.members)
    if (known.contains(pod) && round.plan.members.insert(pod).second)
      out.send.push_back({pod, Request{round.plan.epoch, round.plan.hold, round.plan.options}});
  if (!out.send.empty() || !round.inquiry.asked.empty()) return out;
  Commit commit{round.plan.epoch, round.acks, std::move(found)};
  state = Committing{std::move(round.plan), std::move(round.acks), {}};
  return {std::move(commit), {}, {}};
}

Output request(State& state, Reserving reserving, Instant now) {
  auto& plan = reserving.plan;
  if (reserving.gone) {
    return give_up(state, plan,
                   {Code::Conflict, fmt::format("pod {} left before the round began", reserving.gone->value)});
  }
  if (plan.members.empty()) return give_up(state, plan, {Code::Invalid, "the round has no members"});
  if (plan.hold <= plan.margin) return give_up(state, plan, {Code::Invalid, "the deadline is shorter than its margin"});
  Output out;
  for (const auto& pod : plan.members) out.send.push_back({pod, Request{plan.epoch, plan.hold, plan.options}});
  const auto void_after = now + plan.hold - plan.margin;
  state = Requesting{std::move(plan), void_after, {}, std::move(reserving.inquiry)};
  return out;
}

Output overdue(State& state, const Requesting& round, Instant now) {
  std::string missing;
  for (const auto& pod : round.plan.members) {
    if (!round.acks.contains(pod)) missing += (missing.empty() ? "" : ", ") + pod.value;
  }
  return abort(state, round.plan, {Code::Timeout, "not acknowledged in time by pod " + missing}, now);
}

Output complete(State& state, Requesting& round) {
  if (round.acks.size() < round.plan.members.size()) return {};
  if (round.plan.incremental) return extend(state, round);
  Commit commit{round.plan.epoch, round.acks, {}};
  state = Committing{std::move(round.plan), std::move(round.acks), {}};
  return {std::move(commit), {}, {}};
}

Output answered(State& state, Requesting& round, const Answered& event) {
  if (const auto* history = std::get_if<History>(&event.reply); history != nullptr && round.plan.incremental)
    return heard(round.inquiry, event.from, *history) ? complete(state, round) : Output{};
  const auto* refused = std::get_if<Refused>(&event.reply);
  if (refused && refused->epoch == Epoch{} && round.inquiry.asked.contains(event.from))
    return abort(state, round.plan, refused->why.in("pod " + event.from.value), event.now);
  if (!round.plan.members.contains(event.from)) return {};
  if (refused && refused->epoch == round.plan.epoch) {
    return abort(state, round.plan, refused->why.in("pod " + event.from.value), event.now);
  }
  const auto* acked = std::get_if<Acked>(&event.reply);
  if (!acked || acked->epoch != round.plan.epoch) return {};
  // A gate may have opened before the last dump ended: this ack, and with it the cut, is void.
  if (event.now >= round.void_after) return overdue(state, round, event.now);
  if (round.acks.emplace(event.from, acked->checkpoint).second) round.inquiry.again.clear();
  return complete(state, round);
}

// Of Releasing and Aborting: one member less to wait for.
template <class S>
Output settled(State& state, S& round, const PodUid& who, bool committed) {
  round.waiting.erase(who);
  if (round.waiting.empty()) state = Ended{round.plan.epoch, committed};
  return {};
}

Output recover(State& state, const Recover& event) {
  if (event.committed) return release(state, event.plan, event.now);
  Error why{Code::Unavailable, "the coordinator of this round died before its commit"};
  Output out{failure(event.plan, why), {}, {}};
  state = Aborting{event.plan, event.plan.members, std::move(why), event.now, 0, true};
  return out;
}

Output send_aborts(Aborting& round, Instant now) {
  round.unsent = false;
  round.resend = now + kResendEvery;
  return {{}, multicast<Abort>(round.plan.epoch, round.waiting), {}};
}

Output resend(State& state, Aborting& round, Instant now) {
  if (round.unsent || now < round.resend) return {};
  if (round.resends++ < kAbortResends) return send_aborts(round, now);
  state = Ended{round.plan.epoch, false};
  return {};
}

Output resend(Releasing& round, Instant now) {
  if (now < round.resend) return {};
  round.resend = now + kResendEvery;
  return {{}, multicast<Done>(round.plan.epoch, round.waiting), {}};
}

Error left(const PodUid& who) { return {Code::Conflict, fmt::format("pod {} left during the round", who.value)}; }

std::optional<Instant> wake(const State& state) {
  return std::visit(overloaded{
                        [](const Discovering& r) -> std::optional<Instant> { return r.until; },
                        [](const Requesting& r) -> std::optional<Instant> { return r.void_after; },
                        [](const Releasing& r) -> std::optional<Instant> { return r.resend; },
                        [](const Aborting& r) { return r.unsent ? std::nullopt : std::optional{r.resend}; },
                        [](const auto&) -> std::optional<Instant> { return std::nullopt; },
                    },
                    state);
}

Output transition(State& state, const Event& event) {
  return std::visit(
      overloaded{
          [&](Idle&, const Begin& e) -> Output { return begin(state, e); },
          [&](Idle&, const Recover& e) -> Output { return recover(state, e); },

          [&](Discovering& r, const Answered& e) -> Output { return discover(state, r, e); },
          [&](Discovering& r, const MemberGone& e) -> Output {
            return candidate(r.plan, e.who) ? give_up(state, r.plan, left(e.who)) : Output{};
          },
          [&](Discovering& r, const Tick& e) -> Output {
            return e.now >= r.until
                       ? give_up(state, r.plan, {Code::Timeout, "not all pods said whom they have talked to"})
                       : Output{};
          },

          [&](Reserving& r, const Recorded& e) -> Output { return request(state, std::move(r), e.now); },
          [&](Reserving& r, const RecordFailed&) -> Output {
            state = Ended{r.plan.epoch, false};
            return {};
          },
          [&](Reserving& r, const MemberGone& e) -> Output {
            if (r.plan.members.contains(e.who)) r.gone = e.who;
            return {};
          },

          [&](Requesting& r, const Answered& e) -> Output { return answered(state, r, e); },
          [&](Requesting& r, const MemberGone& e) -> Output {
            return r.plan.members.contains(e.who) ? abort(state, r.plan, left(e.who), e.now, {e.who}) : Output{};
          },
          [&](Requesting& r, const Tick& e) -> Output {
            return e.now >= r.void_after ? overdue(state, r, e.now) : Output{};
          },

          [&](Committing& r, const Recorded& e) -> Output { return release(state, r.plan, e.now, std::set{r.gone}); },
          [&](Committing& r, const RecordFailed& e) -> Output {
            return abort(state, r.plan, {Code::Conflict, e.why}, e.now, std::set{r.gone});
          },
          [&](Committing& r, const MemberGone& e) -> Output {
            r.gone.insert(e.who);
            return {};
          },

          [&](Releasing& r, const Answered& e) -> Output {
            return opened(e.reply, r.plan.epoch) ? settled(state, r, e.from, true) : Output{};
          },
          [&](Releasing& r, const MemberGone& e) -> Output { return settled(state, r, e.who, true); },
          [&](Releasing& r, const Tick& e) -> Output { return resend(r, e.now); },

          [&](Aborting& r, const Recorded& e) -> Output { return r.unsent ? send_aborts(r, e.now) : Output{}; },
          [&](Aborting& r, const RecordFailed&) -> Output {
            if (r.unsent) state = Ended{r.plan.epoch, false};
            return {};
          },
          [&](Aborting& r, const Answered& e) -> Output {
            return opened(e.reply, r.plan.epoch) ? settled(state, r, e.from, false) : Output{};
          },
          [&](Aborting& r, const MemberGone& e) -> Output { return settled(state, r, e.who, false); },
          [&](Aborting& r, const Tick& e) -> Output { return resend(state, r, e.now); },

          [](auto&, const auto&) -> Output { return {}; },
      },
      state, event);
}

}  // namespace

Output step(State& state, const Event& event) {
  auto out = transition(state, event);
  out.wake = wake(state);
  return out;
}

}  // namespace cutline::protocol::round
