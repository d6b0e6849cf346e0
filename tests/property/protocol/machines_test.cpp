// Each machine alone, fed with anything at all: every event may come twice, late or out of order.
#include "base/overloaded.hpp"
#include "holds.hpp"
#include "protocol/participant.hpp"
#include "protocol/rollback.hpp"
#include "protocol/round.hpp"

namespace cutline::protocol {
namespace {

using namespace std::chrono_literals;
const Instant start{1h};

std::size_t any(std::size_t n) { return *rc::gen::inRange<std::size_t>(0, n); }
Epoch any_epoch() { return Epoch{6 + any(3)}; }
PodUid any_pod() { return {std::string(1, static_cast<char>('a' + any(4)))}; }  // "d" is no member
Instant later(Instant now) { return now + Millis{static_cast<long>(any(30))}; }

Reply any_reply() {
  switch (any(6)) {
    case 4:
      return Stopped{any_epoch(), {}};
    case 0:
      return Acked{any_epoch(), {}};
    case 1:
      return Opened{any_epoch(), 0us};
    case 2:
      return Prepared{any_epoch()};
    case 3:
      return Restored{any_epoch(), {}};
    default:
      return Refused{any_epoch(), {any(2) == 0 ? Code::Busy : Code::Internal, "no"}};
  }
}

// ---- the coordinator's machines -------------------------------------------------------------------------------------

template <class Event, class Answered, class Recorded, class RecordFailed, class MemberGone, class Tick>
Event any_event(Instant now, const Reply& welcome) {
  switch (any(12)) {
    case 0:
      return RecordFailed{"fenced", now};
    case 1:
      return MemberGone{any_pod(), now};
    case 2:
      return Tick{now};
    case 3:
      return Answered{any_pod(), any_reply(), now};
    case 4:
    case 5:
      return Recorded{now};
    default:
      return Answered{any_pod(), welcome, now};
  }
}

template <class C, class Output>
bool sends(const Output& out) {
  return std::ranges::any_of(out.send, [](const auto& send) { return std::holds_alternative<C>(send.command); });
}

TEST(AnyRound, CommitsOnlyWhatAllMembersAcknowledgedInTimeAndNeverBothReleasesAndAborts) {
  holds(300, [] {
    const round::Plan plan{Epoch{7}, {{"a"}, {"b"}, {"c"}}, 100ms, 10ms, {}};
    round::State state;
    auto now = start;
    (void)step(state, round::Begin{plan, now});
    std::optional<Instant> requested;
    std::set<PodUid> acked;
    bool commit_asked = false, committed = false, released = false, aborted = false;
    for (int i = 0; i < 40; ++i) {
      now = later(now);
      const auto event =
          any_event<round::Event, round::Answered, round::Recorded, round::RecordFailed, round::MemberGone,
                    round::Tick>(now, any(4) == 0 ? Reply{Opened{Epoch{7}, 0us}} : Reply{Acked{Epoch{7}, {}}});
      if (const auto* answered = std::get_if<round::Answered>(&event);
          answered && requested && now < *requested + 90ms) {
        const auto* ack = std::get_if<Acked>(&answered->reply);
        if (ack && ack->epoch == plan.epoch && plan.members.contains(answered->from)) acked.insert(answered->from);
      }
      if (commit_asked && std::holds_alternative<round::Recorded>(event)) committed = true;
      const auto out = step(state, event);
      if (sends<Request>(out)) requested = now;
      released = released || sends<Done>(out);
      aborted = aborted || sends<Abort>(out);
      if (out.persist && std::holds_alternative<round::Commit>(*out.persist)) {
        RC_ASSERT(acked == plan.members);
        RC_ASSERT(out.send.empty());
        commit_asked = true;
      }
      RC_ASSERT(!released || committed);
      RC_ASSERT(!(released && aborted));
      RC_ASSERT(out.wake.has_value() || !std::holds_alternative<round::Requesting>(state));
      RC_ASSERT(out.wake.has_value() || !std::holds_alternative<round::Releasing>(state));
    }
  });
}

TEST(AnyRollback, TouchesOnlyWhenAllArePreparedRestoresOnlyWhenAllAreStoppedReleasesOnlyWhenAllAreRestored) {
  holds(300, [] {
    const rollback::Plan plan{Epoch{7}, {{{"a"}, {}}, {{"b"}, {}}, {{"c"}, {}}}, 100ms, 90ms, 200ms, 3};
    rollback::State state;
    auto now = start;
    (void)step(state, rollback::Begin{plan, now});
    std::set<PodUid> prepared, stopped, restored;
    bool touched = false, restoring = false, released = false, aborted = false, untouched = false;
    for (int i = 0; i < 60; ++i) {
      now = later(now);
      const auto event = any_event<rollback::Event, rollback::Answered, rollback::Recorded, rollback::RecordFailed,
                                   rollback::MemberGone, rollback::Tick>(now, restoring ? Reply{Restored{Epoch{7}, {}}}
                                                                              : touched ? Reply{Stopped{Epoch{7}, {}}}
                                                                                        : Reply{Prepared{Epoch{7}}});
      if (const auto* answered = std::get_if<rollback::Answered>(&event)) {
        const auto* p = std::get_if<Prepared>(&answered->reply);
        const auto* s = std::get_if<Stopped>(&answered->reply);
        const auto* r = std::get_if<Restored>(&answered->reply);
        if (p && p->epoch == plan.epoch) prepared.insert(answered->from);
        if (s && s->epoch == plan.epoch) stopped.insert(answered->from);
        if (r && r->epoch == plan.epoch) restored.insert(answered->from);
      }
      const auto all = [&](const std::set<PodUid>& who) {
        return std::ranges::all_of(plan.members, [&](const auto& member) { return who.contains(member.first); });
      };
      const auto out = step(state, event);
      if (sends<Stop>(out)) {
        RC_ASSERT(all(prepared));
        touched = true;
      }
      if (sends<Restore>(out)) {
        RC_ASSERT(touched);
        RC_ASSERT(all(stopped));
        restoring = true;
      }
      if (sends<Release>(out)) {
        RC_ASSERT(all(restored));
        released = true;
      }
      aborted = aborted || sends<Abort>(out);
      if (const auto* end = std::get_if<rollback::Ended>(&state))
        untouched = end->outcome == rollback::Outcome::Untouched;
      RC_ASSERT(!(touched && (aborted || untouched)));
      RC_ASSERT(!(released && std::holds_alternative<rollback::Aborting>(state)));
    }
  });
}

// ---- the participant ------------------------------------------------------------------------------------------------

Command any_command() {
  switch (any(7)) {
    case 5:
      return Stop{any_epoch()};
    case 0:
      return Request{any_epoch(), 100ms, {}};
    case 1:
      return Done{any_epoch()};
    case 2:
      return Abort{any_epoch()};
    case 3:
      return Prepare{any_epoch(), Epoch{5}, "", 100ms};
    case 4:
      return Restore{any_epoch()};
    default:
      return Release{any_epoch()};
  }
}

Epoch any_own() { return own_checkpoint(CheckpointIndex{1 + any(2)}); }

participant::Event any_participant_event(Instant now) {
  const bool well = any(4) != 0;
  switch (any(11)) {
    case 10:
      return participant::StopEnded{any_epoch(), well ? Status{} : fail(Code::Internal, "no"), now};
    case 0:
      return participant::Tick{now};
    case 8:
      return participant::Due{any_own(), 100ms, {}, now};
    case 9:
      return participant::SaveEnded{
          any_own(), well ? Result<LocalCheckpoint>{LocalCheckpoint{}} : fail(Code::Internal, "no"), now};
    case 1:
      return participant::SaveEnded{
          any_epoch(), well ? Result<LocalCheckpoint>{LocalCheckpoint{}} : fail(Code::Internal, "no"), now};
    case 2:
      return participant::PrepareEnded{any_epoch(), well ? Status{} : fail(Code::Internal, "no"), now};
    case 3:
      return participant::RestoreEnded{any_epoch(), well ? Result<Timings>{Timings{}} : fail(Code::Internal, "no"),
                                       now};
    default:
      return participant::Commanded{any_command(), now};
  }
}

template <class E>
bool does(const std::vector<participant::Effect>& effects) {
  return std::ranges::any_of(effects, [](const auto& effect) { return std::holds_alternative<E>(effect); });
}

bool acts(const std::vector<participant::Effect>& effects) {
  return does<participant::Save>(effects) || does<participant::Verify>(effects) || does<participant::PutBack>(effects);
}

// A participant with some history, and the time at its end.
std::pair<participant::State, Instant> any_history() {
  participant::State state{Epoch{5}, participant::Idle{}};
  auto now = start;
  for (auto i = any(12); i > 0; --i) {
    now = later(now);
    (void)step(state, any_participant_event(now));
  }
  return {state, now};
}

TEST(AnyParticipant, ActsOnceHoweverOftenItIsTold) {
  holds(1500, [] {
    auto [state, now] = any_history();
    const auto command = any_command();
    (void)step(state, participant::Commanded{command, now});
    const auto before = durable(state);
    RC_ASSERT(!acts(step(state, participant::Commanded{command, now})));
    RC_ASSERT(durable(state) == before);
  });
}

TEST(AnyParticipant, WritesDownBeforeItActsAndComesBackAsItWas) {
  holds(1500, [] {
    auto [state, now] = any_history();
    const auto before = state.epoch;
    const auto written = durable(state);
    const auto effects = step(state, any_participant_event(later(now)));
    RC_ASSERT(state.epoch >= before);
    RC_ASSERT(durable(state) == written || does<participant::Persist>(effects));
    if (acts(effects))
      RC_ASSERT(std::holds_alternative<participant::Persist>(effects.front()) || does<participant::OpenGate>(effects));
    RC_ASSERT(durable(participant::revive(durable(state))) == durable(state));
  });
}

TEST(AnyParticipant, KeepsItsGateClosedForAsLongAsARollbackHasNotEnded) {
  holds(1500, [] {
    auto [state, now] = any_history();
    const auto restoring = durable(state).restoring;
    const auto event = any_participant_event(later(now));
    const auto effects = step(state, event);
    if (!restoring) return;
    const auto* commanded = std::get_if<participant::Commanded>(&event);
    const bool release = commanded && std::holds_alternative<Release>(commanded->command);
    RC_ASSERT(!does<participant::OpenGate>(effects) || release);
    RC_ASSERT(durable(state).restoring.has_value() || release);
  });
}

bool holds_a_gate(const participant::State& state) {
  return std::holds_alternative<participant::Saving>(state.phase) ||
         std::holds_alternative<participant::Saved>(state.phase) ||
         std::holds_alternative<participant::SavingOwn>(state.phase);
}

// A gate that was closed for a save is opened by its end, its deadline, or its own coordinator's word; by nothing else,
// and always.
TEST(AnyParticipant, OpensTheGateOfACheckpointInTimeAndNotBefore) {
  holds(3000, [] {
    auto [state, now] = any_history();
    const auto before = state;
    now = later(now);
    const auto event = any_participant_event(now);
    const auto effects = step(state, event);
    if (const auto* own = std::get_if<participant::SavingOwn>(&before.phase)) {
      const auto* ended = std::get_if<participant::SaveEnded>(&event);
      const bool ends = ended && ended->epoch == own->checkpoint;
      RC_ASSERT(does<participant::OpenGate>(effects) == ends);
      RC_ASSERT(std::holds_alternative<participant::SavingOwn>(state.phase) != ends);
      if (ends) RC_ASSERT(does<participant::Keep>(effects) == (ended->result && now < own->deadline));
    }
    if (const auto* saved = std::get_if<participant::Saved>(&before.phase); saved && now >= saved->deadline)
      RC_ASSERT(does<participant::OpenGate>(effects));
    if (!holds_a_gate(state)) RC_ASSERT(!holds_a_gate(before) || does<participant::OpenGate>(effects));
  });
}

// No name of an own checkpoint becomes a round's, and no round of the past comes back by one.
TEST(AnyParticipant, TakesItsOwnCheckpointsOutsideOfAllEpochs) {
  holds(1500, [] {
    auto [state, now] = any_history();
    const auto before = durable(state);
    const bool was_idle = std::holds_alternative<participant::Idle>(state.phase);
    const auto effects = step(state, participant::Due{any_own(), 100ms, {}, later(now)});
    RC_ASSERT(durable(state).epoch == before.epoch);
    RC_ASSERT(!is_own(state.epoch));
    RC_ASSERT(!does<participant::Answer>(effects));
    RC_ASSERT(!does<participant::Save>(effects) || std::holds_alternative<participant::SavingOwn>(state.phase));
    RC_ASSERT(does<participant::Save>(effects) || !was_idle);
  });
}

TEST(AnyParticipant, AnswersEveryCommandThatStartsNothing) {
  holds(1500, [] {
    auto [state, now] = any_history();
    const auto effects = step(state, participant::Commanded{any_command(), now});
    const bool running = std::holds_alternative<participant::Saving>(state.phase) ||
                         std::holds_alternative<participant::SavingOwn>(state.phase) ||
                         std::holds_alternative<participant::Preparing>(state.phase) ||
                         std::holds_alternative<participant::Restoring>(state.phase);
    RC_ASSERT(running || does<participant::Answer>(effects));
  });
}

}  // namespace
}  // namespace cutline::protocol
