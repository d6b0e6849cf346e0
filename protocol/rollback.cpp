#include "protocol/rollback.hpp"

#include <utility>

#include "base/overloaded.hpp"
#include "protocol/sequences.hpp"

namespace cutline::protocol::rollback {
namespace {

std::set<PodUid> names(const Plan& plan, const std::set<PodUid>& gone = {}) {
  std::set<PodUid> out;
  for (const auto& [pod, target] : plan.members) {
    if (!gone.contains(pod)) out.insert(pod);
  }
  return out;
}

// Plans by value: each lives in the state that is about to be replaced.

Output abort(State& state, Plan plan, Error why, Instant now, const std::set<PodUid>& gone = {}) {
  auto waiting = names(plan, gone);
  Output out{Failure{plan.epoch, std::move(why), false}, multicast<Abort>(plan.epoch, waiting), {}};
  if (waiting.empty()) {
    state = Ended{plan.epoch, Outcome::Untouched};
  } else {
    state = Aborting{std::move(plan), std::move(waiting), now + kResendEvery, 0, false};
  }
  return out;
}

// The record, as far as is known, lets a successor go forward: nobody may be told to abort before the Failure has won.
Output abort_when_recorded(State& state, Plan plan, Error why, Instant now, const std::set<PodUid>& gone = {}) {
  auto out = abort(state, std::move(plan), std::move(why), now, gone);
  out.send.clear();
  if (auto* aborting = std::get_if<Aborting>(&state)) aborting->unsent = true;
  return out;
}

Output give_up(State& state, const Plan& plan, Error why) {
  Output out{Failure{plan.epoch, std::move(why), false}, {}, {}};
  state = Ended{plan.epoch, Outcome::Untouched};
  return out;
}

// Fail closed: nothing is released, nothing is sent.
Output hold(State& state, const Plan& plan, Error why) {
  Output out{Failure{plan.epoch, std::move(why), true}, {}, {}};
  state = Ended{plan.epoch, Outcome::Held};
  return out;
}

Output prepare(State& state, Reserving reserving, Instant now) {
  auto& plan = reserving.plan;
  if (reserving.gone) {
    return give_up(state, plan,
                   {Code::Conflict, fmt::format("pod {} left before the rollback began", reserving.gone->value)});
  }
  if (plan.members.empty()) return give_up(state, plan, {Code::Invalid, "the rollback has no members"});
  Output out;
  for (const auto& [pod, target] : plan.members) {
    out.send.push_back({pod, Prepare{plan.epoch, target.checkpoint, target.digest, plan.hold, target.external}});
  }
  const auto until = now + plan.prepare_budget;
  const auto gates_hold = plan.margin ? std::optional{now + plan.hold - *plan.margin} : std::nullopt;
  state = Preparing{std::move(plan), until, {}, gates_hold};
  return out;
}

Output stop(State& state, Plan plan, Instant now) {
  Output out{{}, multicast<Stop>(plan.epoch, names(plan)), {}};
  const auto until = now + plan.restore_budget;
  state = Stopping{std::move(plan), until, {}, {}};
  return out;
}

// Then and now, of all that stand in for others: their peers need them too.
std::vector<Readdress> readdressed(const Plan& plan) {
  std::vector<Readdress> out;
  for (const auto& [pod, target] : plan.members)
    out.insert(out.end(), target.addresses.begin(), target.addresses.end());
  return out;
}

std::set<PodUid> standing_in(const Plan& plan) {
  std::set<PodUid> out;
  for (const auto& [pod, target] : plan.members)
    if (!target.of.value.empty() && target.of != pod) out.insert(pod);
  return out;
}

std::vector<Send> sends(const Stopping& round, const std::set<PodUid>& who) {
  return multicast<Stop>(round.plan.epoch, who);
}

std::map<PodUid, Readdressing> called(const Plan& plan) {
  std::map<PodUid, Readdressing> out;
  for (const auto& [pod, target] : plan.members) out.emplace(pod, target.names);
  return out;
}

// From the names of this pod's checkpoint to those of now. Where nobody stands in for another nothing changes, and each
// pod knows by itself how what it had saved is called.
std::vector<Readdress> from_its_own(const Plan& plan, const PodUid& pod) {
  if (standing_in(plan).empty()) return {};
  std::vector<Readdress> out;
  const auto all = plan.members.at(pod).names.then(Readdressing{readdressed(plan)});
  for (const auto& [from, to] : all.addresses()) out.push_back({from, to});
  return out;
}

std::vector<Send> sends(const Restoring& round, const std::set<PodUid>& who) {
  std::vector<Send> out;
  for (const auto& pod : who)
    out.push_back({pod, Restore{round.plan.epoch, round.shifts.at(pod), from_its_own(round.plan, pod)}});
  return out;
}

Output restore(State& state, Stopping& round, Instant now) {
  auto shifts = both_ways(std::move(round.stopped), standing_in(round.plan), Readdressing{readdressed(round.plan)},
                          called(round.plan));
  Restoring next{std::move(round.plan), std::move(shifts), {}, {}, {}};
  next.until = now + next.plan.restore_budget;
  Output out{{}, sends(next, names(next.plan)), {}};
  state = std::move(next);
  return out;
}

Output release(State& state, Plan plan, Instant now, const std::set<PodUid>& gone = {}) {
  auto waiting = names(plan, gone);
  Output out{{}, multicast<Release>(plan.epoch, waiting), {}};
  if (waiting.empty()) {
    state = Ended{plan.epoch, Outcome::Released};
  } else {
    state = Releasing{std::move(plan), std::move(waiting), now + kResendEvery};
  }
  return out;
}

// One attempt of each of `who` has failed: again, or not at all.
template <class S>
Output again(State& state, S& round, const std::set<PodUid>& who, const Error& why, Instant now) {
  for (const auto& pod : who) {
    if (++round.failures[pod] >= round.plan.attempts) return hold(state, round.plan, why.in("pod " + pod.value));
  }
  round.until = now + round.plan.restore_budget;
  return {{}, sends(round, who), {}};
}

template <class S, class Done>
Output overdue(State& state, S& round, const Done& done, const char* why, Instant now) {
  auto missing = names(round.plan);
  std::erase_if(missing, [&](const PodUid& pod) { return done.contains(pod); });
  return again(state, round, missing, {Code::Timeout, why}, now);
}

Output answered(State& state, Preparing& round, const Answered& event) {
  if (!round.plan.members.contains(event.from)) return {};
  if (const auto* refused = std::get_if<Refused>(&event.reply); refused && refused->epoch == round.plan.epoch) {
    return abort(state, round.plan, refused->why.in("pod " + event.from.value), event.now);
  }
  const auto* prepared = std::get_if<Prepared>(&event.reply);
  if (!prepared || prepared->epoch != round.plan.epoch) return {};
  if (event.now >= round.until) return abort(state, round.plan, {Code::Timeout, "not prepared in time"}, event.now);
  round.prepared.insert(event.from);
  if (round.prepared.size() < round.plan.members.size()) return {};
  Output out{Irrevocable{round.plan.epoch}, {}, {}};
  state = Deciding{Plan{std::move(round.plan)}, {}, round.gates_hold};
  return out;
}

Output answered(State& state, Stopping& round, const Answered& event) {
  if (!round.plan.members.contains(event.from) || round.stopped.contains(event.from)) return {};
  if (const auto* refused = std::get_if<Refused>(&event.reply); refused && refused->epoch == round.plan.epoch) {
    return again(state, round, {event.from}, refused->why, event.now);
  }
  const auto* stopped = std::get_if<Stopped>(&event.reply);
  if (!stopped || stopped->epoch != round.plan.epoch) return {};
  round.stopped.emplace(event.from, stopped->shifts);
  if (round.stopped.size() < round.plan.members.size()) return {};
  return restore(state, round, event.now);
}

Output answered(State& state, Restoring& round, const Answered& event) {
  if (!round.plan.members.contains(event.from) || round.restored.contains(event.from)) return {};
  if (const auto* refused = std::get_if<Refused>(&event.reply); refused && refused->epoch == round.plan.epoch) {
    return again(state, round, {event.from}, refused->why, event.now);
  }
  const auto* restored = std::get_if<Restored>(&event.reply);
  if (!restored || restored->epoch != round.plan.epoch) return {};
  round.restored.emplace(event.from, restored->timings);
  if (round.restored.size() < round.plan.members.size()) return {};
  Output out{Commit{round.plan.epoch, round.restored}, {}, {}};
  state = Committing{Plan{std::move(round.plan)}, std::map{round.restored}, {}};
  return out;
}

Output decided(State& state, const Deciding& round, Instant now) {
  // Still nothing was touched.
  if (round.gates_hold && now >= *round.gates_hold)
    return abort_when_recorded(state, round.plan, {Code::Timeout, "gates may have opened since the line was computed"},
                               now, std::set{round.gone});
  if (round.gone.empty()) return stop(state, round.plan, now);
  return abort_when_recorded(state, round.plan, {Code::Conflict, "a pod left before anything was touched"}, now,
                             std::set{round.gone});
}

// Of Releasing and Aborting: one member less to wait for.
template <class S>
Output settled(State& state, S& round, const PodUid& who, Outcome outcome) {
  round.waiting.erase(who);
  if (round.waiting.empty()) state = Ended{round.plan.epoch, outcome};
  return {};
}

Output send_aborts(Aborting& round, Instant now) {
  round.unsent = false;
  round.resend = now + kResendEvery;
  return {{}, multicast<Abort>(round.plan.epoch, round.waiting), {}};
}

Output resend(State& state, Aborting& round, Instant now) {
  if (round.unsent || now < round.resend) return {};
  if (round.resends++ < kAbortResends) return send_aborts(round, now);
  state = Ended{round.plan.epoch, Outcome::Untouched};
  return {};
}

Output resend(Releasing& round, Instant now) {
  if (now < round.resend) return {};
  round.resend = now + kResendEvery;
  return {{}, multicast<Release>(round.plan.epoch, round.waiting), {}};
}

Output recover(State& state, const Recover& event) {
  switch (event.phase) {
    case Phase::Reserved:
      return abort_when_recorded(state, event.plan,
                                 {Code::Unavailable, "the coordinator died before anything was touched"}, event.now);
    case Phase::Restoring:
      return stop(state, event.plan, event.now);
    case Phase::Released:
      return release(state, event.plan, event.now);
  }
  return {};
}

Error left(const PodUid& who) { return {Code::Conflict, fmt::format("pod {} left during the rollback", who.value)}; }

std::optional<Instant> wake(const State& state) {
  return std::visit(overloaded{
                        [](const Preparing& r) -> std::optional<Instant> { return r.until; },
                        [](const Stopping& r) -> std::optional<Instant> { return r.until; },
                        [](const Restoring& r) -> std::optional<Instant> { return r.until; },
                        [](const Releasing& r) -> std::optional<Instant> { return r.resend; },
                        [](const Aborting& r) { return r.unsent ? std::nullopt : std::optional{r.resend}; },
                        [](const auto&) -> std::optional<Instant> { return std::nullopt; },
                    },
                    state);
}

// The way forward, and what ends it before anything is touched.
Output begin(State& state, const Event& event) {
  return std::visit(
      overloaded{
          [&](Idle&, const Begin& e) -> Output {
            state = Reserving{e.plan, {}};
            return {Reserve{e.plan.epoch}, {}, {}};
          },
          [&](Idle&, const Recover& e) -> Output { return recover(state, e); },

          [&](Reserving& r, const Recorded& e) -> Output { return prepare(state, std::move(r), e.now); },
          [&](Reserving& r, const RecordFailed&) -> Output {
            state = Ended{r.plan.epoch, Outcome::Untouched};
            return {};
          },
          [&](Reserving& r, const MemberGone& e) -> Output {
            if (r.plan.members.contains(e.who)) r.gone = e.who;
            return {};
          },

          [&](Preparing& r, const Answered& e) -> Output { return answered(state, r, e); },
          [&](Preparing& r, const MemberGone& e) -> Output {
            return r.plan.members.contains(e.who) ? abort(state, r.plan, left(e.who), e.now, {e.who}) : Output{};
          },
          [&](Preparing& r, const Tick& e) -> Output {
            if (e.now < r.until) return {};
            return abort(state, r.plan, {Code::Timeout, "not prepared in time"}, e.now);
          },

          [&](Deciding& r, const Recorded& e) -> Output { return decided(state, r, e.now); },
          [&](Deciding& r, const RecordFailed& e) -> Output {
            return abort(state, r.plan, {Code::Conflict, e.why}, e.now, std::set{r.gone});
          },
          [&](Deciding& r, const MemberGone& e) -> Output {
            if (r.plan.members.contains(e.who)) r.gone.insert(e.who);
            return {};
          },

          [&](Aborting& r, const Recorded& e) -> Output { return r.unsent ? send_aborts(r, e.now) : Output{}; },
          [&](Aborting& r, const RecordFailed&) -> Output {
            if (r.unsent) state = Ended{r.plan.epoch, Outcome::Untouched};
            return {};
          },
          [&](Aborting& r, const Answered& e) -> Output {
            return opened(e.reply, r.plan.epoch) ? settled(state, r, e.from, Outcome::Untouched) : Output{};
          },
          [&](Aborting& r, const MemberGone& e) -> Output { return settled(state, r, e.who, Outcome::Untouched); },
          [&](Aborting& r, const Tick& e) -> Output { return resend(state, r, e.now); },

          [](auto&, const auto&) -> Output { return {}; },
      },
      state, event);
}

// From the first Stop on there is no way back.
Output finish(State& state, const Event& event) {
  return std::visit(
      overloaded{
          [&](Stopping& r, const Answered& e) -> Output { return answered(state, r, e); },
          [&](Stopping& r, const MemberGone& e) -> Output {
            return r.plan.members.contains(e.who) ? hold(state, r.plan, left(e.who)) : Output{};
          },
          [&](Stopping& r, const Tick& e) -> Output {
            return e.now >= r.until ? overdue(state, r, r.stopped, "not stopped in time", e.now) : Output{};
          },

          [&](Restoring& r, const Answered& e) -> Output { return answered(state, r, e); },
          [&](Restoring& r, const MemberGone& e) -> Output {
            return r.plan.members.contains(e.who) ? hold(state, r.plan, left(e.who)) : Output{};
          },
          [&](Restoring& r, const Tick& e) -> Output {
            return e.now >= r.until ? overdue(state, r, r.restored, "not restored in time", e.now) : Output{};
          },

          [&](Committing& r, const Recorded& e) -> Output { return release(state, r.plan, e.now, std::set{r.gone}); },
          [&](Committing& r, const RecordFailed& e) -> Output { return hold(state, r.plan, {Code::Conflict, e.why}); },
          [&](Committing& r, const MemberGone& e) -> Output {
            r.gone.insert(e.who);
            return {};
          },

          [&](Releasing& r, const Answered& e) -> Output {
            return opened(e.reply, r.plan.epoch) ? settled(state, r, e.from, Outcome::Released) : Output{};
          },
          [&](Releasing& r, const MemberGone& e) -> Output { return settled(state, r, e.who, Outcome::Released); },
          [&](Releasing& r, const Tick& e) -> Output { return resend(r, e.now); },

          [](auto&, const auto&) -> Output { return {}; },
      },
      state, event);
}

bool irrevocable(const State& state) {
  return std::holds_alternative<Stopping>(state) || std::holds_alternative<Restoring>(state) ||
         std::holds_alternative<Committing>(state) || std::holds_alternative<Releasing>(state);
}

}  // namespace

Output step(State& state, const Event& event) {
  auto out = irrevocable(state) ? finish(state, event) : begin(state, event);
  out.wake = wake(state);
  return out;
}

}  // namespace cutline::protocol::rollback
