#include "protocol/participant.hpp"

#include <iterator>
#include <utility>

#include "base/overloaded.hpp"

namespace cutline::protocol::participant {
namespace {

using Effects = std::vector<Effect>;

Answer refuse(Epoch epoch, Code code, std::string why) { return {Refused{epoch, Error{code, std::move(why)}}}; }
Answer stale(Epoch epoch) { return refuse(epoch, Code::Conflict, "stale epoch"); }
Answer opened(Epoch epoch) { return {Opened{epoch, Micros{0}}}; }

// Between rounds: the gate is nobody's, or the pod's own.
bool between_rounds(const State& state) {
  return std::holds_alternative<Idle>(state.phase) || std::holds_alternative<SavingOwn>(state.phase);
}

// Another round may have this pod.
bool free(const State& state, Instant now) {
  if (std::holds_alternative<Idle>(state.phase)) return true;
  const auto* prepared = std::get_if<Prepared>(&state.phase);
  return prepared && prepared->lapsed && !prepared->unfinished && now >= prepared->deadline + kLapsedGrace;
}

// The checkpoint of a rollback that has begun and not ended: while there is one, no deadline opens the gate.
std::optional<Epoch> restoring(const State& state) { return durable(state).restoring; }

// A rollback was called off with nothing touched: back to where it began.
Effects withdraw(State& state, std::optional<Epoch> unfinished) {
  if (unfinished) {
    state.phase = Stuck{*unfinished, {Code::Conflict, "an earlier rollback has not ended"}};
    return {Persist{}};
  }
  state.phase = Idle{};
  return {Persist{}, OpenGate{state.epoch}};
}

Effects then(Effects effects, std::initializer_list<Effect> more) {
  effects.insert(effects.end(), more);
  return effects;
}

// ---- the gate's deadline --------------------------------------------------------------------------------------------

// What was saved stays: only the coordinator knows whether its commit came before.
Effects lapse(State& state, Instant now) {
  if (const auto* saved = std::get_if<Saved>(&state.phase); saved && now >= saved->deadline) {
    state.phase = Idle{};
    return {OpenGate{state.epoch}};
  }
  auto* prepared = std::get_if<Prepared>(&state.phase);
  if (!prepared || prepared->lapsed || prepared->unfinished || now < prepared->deadline) return {};
  prepared->lapsed = true;
  return {OpenGate{state.epoch}};
}

// ---- a round that must wait for an own checkpoint's end -------------------------------------------------------------

Epoch epoch_of(const std::variant<Request, Prepare>& command) {
  return std::visit([](const auto& c) { return c.epoch; }, command);
}

// One place: a later round has it, and the earlier one is told that it must plan again.
Effects wait(SavingOwn& own, std::variant<Request, Prepare> command) {
  const auto epoch = epoch_of(command);
  const auto busy = [](Epoch refused) { return refuse(refused, Code::Busy, "another round has this pod"); };
  if (!own.waiting) {
    own.waiting = std::move(command);
    return {};
  }
  const auto before = epoch_of(*own.waiting);
  if (before > epoch) return {busy(epoch)};
  own.waiting = std::move(command);
  if (before < epoch) return {busy(before)};
  return {};
}

// ---- a checkpoint ---------------------------------------------------------------------------------------------------

Effects on(State& state, const Request& request, Instant now) {
  if (request.epoch < state.epoch) return {stale(request.epoch)};
  if (request.epoch == state.epoch) {
    return std::visit(
        overloaded{
            [](const Saving&) -> Effects { return {}; },  // answered when the save ends
            [&](const Saved& s) -> Effects { return {Answer{Acked{state.epoch, s.checkpoint}}}; },
            [&](const Idle&) -> Effects { return {refuse(request.epoch, Code::Timeout, "gate opened")}; },
            [&](const SavingOwn&) -> Effects { return {refuse(request.epoch, Code::Timeout, "gate opened")}; },
            [&](const auto&) -> Effects { return {stale(request.epoch)}; },
        },
        state.phase);
  }
  if (auto* own = std::get_if<SavingOwn>(&state.phase)) return wait(*own, request);
  if (!free(state, now)) return {refuse(request.epoch, Code::Busy, "another round has this pod")};
  state = {request.epoch, Saving{now + request.hold, false}};
  return {Persist{}, Save{request.epoch, request.hold, request.options}};
}

Effects on(State& state, const Done& done, Instant /*now*/) {
  if (done.epoch < state.epoch) return {Keep{done.epoch}, opened(done.epoch)};
  if (done.epoch > state.epoch) return {refuse(done.epoch, Code::Invalid, "unknown epoch")};
  if (std::holds_alternative<SavingOwn>(state.phase)) return {Keep{done.epoch}, opened(done.epoch)};
  if (!std::holds_alternative<Saved>(state.phase) && !std::holds_alternative<Idle>(state.phase)) {
    return {refuse(done.epoch, Code::Conflict, "not acknowledged")};
  }
  state.phase = Idle{};
  // The gate does not wait for the disk. The answer does: without it, Done comes again.
  return {OpenGate{done.epoch}, Keep{done.epoch}, opened(done.epoch)};
}

Effects on(State& state, const Abort& abort, Instant /*now*/) {
  if (abort.epoch < state.epoch) return {Discard{abort.epoch}, opened(abort.epoch)};
  if (abort.epoch > state.epoch) {
    if (!between_rounds(state)) return {opened(abort.epoch)};
    state.epoch = abort.epoch;  // its request, if it comes still, is stale
    Effects effects{Persist{}};
    if (auto* own = std::get_if<SavingOwn>(&state.phase);
        own && own->waiting && epoch_of(*own->waiting) <= abort.epoch) {
      effects.push_back(refuse(epoch_of(*std::exchange(own->waiting, std::nullopt)), Code::Conflict, "aborted"));
    }
    return then(effects, {opened(abort.epoch)});
  }
  return std::visit(
      overloaded{
          [&](Saving& s) -> Effects {
            s.aborted = true;  // answered when the save ends
            return {};
          },
          [&](Preparing& p) -> Effects {
            p.aborted = true;
            return {};
          },
          [&](Saved&) -> Effects {
            state.phase = Idle{};
            return {OpenGate{abort.epoch}, Discard{abort.epoch}, opened(abort.epoch)};
          },
          [&](Idle&) -> Effects { return {OpenGate{abort.epoch}, Discard{abort.epoch}, opened(abort.epoch)}; },
          [&](SavingOwn&) -> Effects { return {Discard{abort.epoch}, opened(abort.epoch)}; },
          [&](Prepared& p) -> Effects {
            return then(withdraw(state, std::optional{p.unfinished}), {opened(abort.epoch)});
          },
          [&](Stuck&) -> Effects { return {opened(abort.epoch)}; },  // withdrawn before
          [&](auto&) -> Effects { return {refuse(abort.epoch, Code::Conflict, "the rollback is irrevocable")}; },
      },
      state.phase);
}

Effects own_ended(State& state, const SaveEnded& ended);

Effects on(State& state, const SaveEnded& ended) {
  if (std::holds_alternative<SavingOwn>(state.phase)) return own_ended(state, ended);
  const auto* saving = std::get_if<Saving>(&state.phase);
  if (!saving || ended.epoch != state.epoch) return {};
  const auto [deadline, aborted] = *saving;
  if (ended.result && !aborted && ended.now < deadline) {
    state.phase = Saved{deadline, *ended.result};
    return {Answer{Acked{ended.epoch, *ended.result}}};
  }
  state.phase = Idle{};
  Effects effects{OpenGate{ended.epoch}, Discard{ended.epoch}};
  if (!ended.result) return then(effects, {Answer{Refused{ended.epoch, ended.result.error()}}});
  if (!aborted) return then(effects, {refuse(ended.epoch, Code::Timeout, "the save ended after the gate's deadline")});
  return then(effects, {refuse(ended.epoch, Code::Conflict, "aborted"), opened(ended.epoch)});
}

// ---- a rollback -----------------------------------------------------------------------------------------------------

// Rollbacks of a workload come one after the other: a new one says that this one was given up.
bool ended_by_another(const State& state) {
  return std::holds_alternative<Stuck>(state.phase) || std::holds_alternative<Stopped>(state.phase) ||
         std::holds_alternative<Restored>(state.phase) || std::holds_alternative<Prepared>(state.phase);
}

Effects on(State& state, const Prepare& prepare, Instant now) {
  if (prepare.epoch < state.epoch) return {stale(prepare.epoch)};
  if (prepare.epoch == state.epoch) {
    return std::visit(overloaded{
                          [](const Preparing&) -> Effects { return {}; },  // answered when the verification ends
                          [&](const Idle&) -> Effects { return {stale(prepare.epoch)}; },
                          [&](const SavingOwn&) -> Effects { return {stale(prepare.epoch)}; },
                          [&](const Saving&) -> Effects { return {stale(prepare.epoch)}; },
                          [&](const Saved&) -> Effects { return {stale(prepare.epoch)}; },
                          [&](const auto&) -> Effects { return {Answer{protocol::Prepared{prepare.epoch}}}; },
                      },
                      state.phase);
  }
  if (auto* own = std::get_if<SavingOwn>(&state.phase)) return wait(*own, prepare);
  if (!ended_by_another(state) && !free(state, now)) {
    return {refuse(prepare.epoch, Code::Busy, "another round has this pod")};
  }
  const auto unfinished = restoring(state);
  state = {prepare.epoch, Preparing{now + prepare.hold, prepare.checkpoint, false, unfinished}};
  return {Persist{}, Verify{prepare.epoch, prepare.checkpoint, prepare.digest, prepare.hold, unfinished.has_value(),
                            prepare.external}};
}

Effects on(State& state, const PrepareEnded& ended) {
  const auto* preparing = std::get_if<Preparing>(&state.phase);
  if (!preparing || ended.epoch != state.epoch) return {};
  const auto [deadline, checkpoint, aborted, unfinished] = *preparing;
  if (!ended.result) {
    auto effects = then(withdraw(state, unfinished), {Answer{Refused{ended.epoch, ended.result.error()}}});
    return aborted ? then(effects, {opened(ended.epoch)}) : effects;
  }
  if (aborted) {
    return then(withdraw(state, unfinished), {refuse(ended.epoch, Code::Conflict, "aborted"), opened(ended.epoch)});
  }
  if (!unfinished && ended.now >= deadline) {
    return then(withdraw(state, unfinished),
                {refuse(ended.epoch, Code::Timeout, "verified after the gate's deadline")});
  }
  state.phase = Prepared{deadline, checkpoint, false, unfinished};
  return {Persist{}, Answer{protocol::Prepared{ended.epoch}}};
}

Effects end_all(State& state, Epoch checkpoint) {
  state.phase = Stopping{checkpoint};
  return {Persist{}, EndAll{state.epoch, checkpoint}};
}

Effects on(State& state, const Stop& stop, Instant /*now*/) {
  if (stop.epoch != state.epoch) return {stale(stop.epoch)};
  const auto again = [&]() -> Effects { return {Answer{protocol::Stopped{stop.epoch, {}}}}; };
  return std::visit(overloaded{
                        [&](Prepared& p) -> Effects { return end_all(state, Epoch{p.checkpoint}); },
                        [&](Stuck& s) -> Effects { return end_all(state, Epoch{s.checkpoint}); },
                        [](Stopping&) -> Effects { return {}; },  // answered when it ends
                        [&](Stopped&) -> Effects { return again(); },
                        [&](Restoring&) -> Effects { return again(); },
                        [&](Restored&) -> Effects { return again(); },
                        [&](auto&) -> Effects { return {refuse(stop.epoch, Code::Conflict, "not prepared")}; },
                    },
                    state.phase);
}

Effects on(State& state, const StopEnded& ended) {
  const auto* stopping = std::get_if<Stopping>(&state.phase);
  if (!stopping || ended.epoch != state.epoch) return {};
  const auto checkpoint = stopping->checkpoint;
  if (!ended.result) {
    state.phase = Stuck{checkpoint, ended.result.error()};
    return {Answer{Refused{ended.epoch, ended.result.error()}}};
  }
  state.phase = Stopped{checkpoint};
  return {Answer{protocol::Stopped{ended.epoch, {}}}};
}

Effects put_back(State& state, Epoch checkpoint, const Restore& restore) {
  state.phase = Restoring{checkpoint};
  return {Persist{}, PutBack{state.epoch, checkpoint, restore.shifts, restore.addresses}};
}

Effects on(State& state, const Restore& restore, Instant /*now*/) {
  if (restore.epoch != state.epoch) return {stale(restore.epoch)};
  return std::visit(overloaded{
                        [&](Stopped& s) -> Effects { return put_back(state, Epoch{s.checkpoint}, restore); },
                        [&](Stuck& s) -> Effects { return put_back(state, Epoch{s.checkpoint}, restore); },
                        [](Restoring&) -> Effects { return {}; },  // answered when it ends
                        [&](Restored& r) -> Effects { return {Answer{protocol::Restored{restore.epoch, r.timings}}}; },
                        [&](auto&) -> Effects { return {refuse(restore.epoch, Code::Conflict, "not stopped")}; },
                    },
                    state.phase);
}

Effects on(State& state, const RestoreEnded& ended) {
  const auto* putting_back = std::get_if<Restoring>(&state.phase);
  if (!putting_back || ended.epoch != state.epoch) return {};
  const auto checkpoint = putting_back->checkpoint;
  if (!ended.result) {
    state.phase = Stuck{checkpoint, ended.result.error()};
    return {Answer{Refused{ended.epoch, ended.result.error()}}};
  }
  state.phase = Restored{checkpoint, *ended.result};
  return {Persist{}, Answer{protocol::Restored{ended.epoch, *ended.result}}};
}

Effects on(State& state, const Release& release, Instant /*now*/) {
  if (release.epoch < state.epoch) {
    if (restoring(state)) return {refuse(release.epoch, Code::Conflict, "another rollback holds this gate")};
    return {opened(release.epoch)};
  }
  if (release.epoch > state.epoch) return {refuse(release.epoch, Code::Invalid, "unknown epoch")};
  if (std::holds_alternative<SavingOwn>(state.phase)) return {opened(release.epoch)};  // the gate is another's now
  if (std::holds_alternative<Idle>(state.phase)) return {OpenGate{release.epoch}, opened(release.epoch)};
  if (!std::holds_alternative<Restored>(state.phase)) return {refuse(release.epoch, Code::Conflict, "not restored")};
  state.phase = Idle{};
  // In this order: as long as the gate has no deadline, the disk says why.
  return {OpenGate{release.epoch}, Persist{}, opened(release.epoch)};
}

// Of no round: the shell answers them.
template <class Command>
Effects on(State&, const Command&, Instant /*now*/) {
  return {};
}

Effects on(State& state, const Commanded& event) {
  return std::visit([&](const auto& command) { return on(state, command, event.now); }, event.command);
}
Effects on(State&, const Tick&) { return {}; }

// ---- a checkpoint of its own ----------------------------------------------------------------------------------------

// A round has priority: nothing is lost by the next time.
Effects on(State& state, const Due& due) {
  if (!std::holds_alternative<Idle>(state.phase)) return {};
  state.phase = SavingOwn{due.now + due.hold, due.checkpoint, {}};
  return {Persist{}, Save{due.checkpoint, due.hold, due.options}};
}

// There is nobody to commit it but this pod; and no coordinator's deadline but the gate's own.
Effects own_ended(State& state, const SaveEnded& ended) {
  auto& own = std::get<SavingOwn>(state.phase);
  if (ended.epoch != own.checkpoint) return {};
  const bool good = ended.result && ended.now < own.deadline;
  const auto waiting = std::move(own.waiting);
  state.phase = Idle{};
  Effects effects{OpenGate{ended.epoch}, good ? Effect{Keep{ended.epoch}} : Effect{Discard{ended.epoch}}};
  if (!waiting) return effects;
  auto more = std::visit([&](const auto& command) { return on(state, command, ended.now); }, *waiting);
  effects.insert(effects.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  return effects;
}

}  // namespace

Durable durable(const State& state) {
  return std::visit(overloaded{
                        [&](const Preparing& p) -> Durable { return {state.epoch, p.unfinished, false, {}}; },
                        [&](const Prepared& p) -> Durable { return {state.epoch, p.unfinished, false, p.checkpoint}; },
                        [&](const Stopping& s) -> Durable { return {state.epoch, s.checkpoint, false, {}}; },
                        [&](const Stopped& s) -> Durable { return {state.epoch, s.checkpoint, false, {}}; },
                        [&](const Restoring& r) -> Durable { return {state.epoch, r.checkpoint, false, {}}; },
                        [&](const Restored& r) -> Durable { return {state.epoch, r.checkpoint, true, {}}; },
                        [&](const Stuck& s) -> Durable { return {state.epoch, s.checkpoint, false, {}}; },
                        [&](const auto&) -> Durable { return {state.epoch, {}, false, {}}; },
                    },
                    state.phase);
}

State revive(const Durable& durable) {
  if (durable.prepared)
    return {durable.epoch, Prepared{Instant::min(), *durable.prepared, !durable.restoring, durable.restoring}};
  if (!durable.restoring) return {durable.epoch, Idle{}};
  if (durable.restored) return {durable.epoch, Restored{*durable.restoring, {}}};
  return {durable.epoch,
          Stuck{*durable.restoring, {Code::Unavailable, "the sidecar was restarted during the restore"}}};
}

std::optional<Instant> wake(const State& state) {
  if (const auto* saved = std::get_if<Saved>(&state.phase)) return saved->deadline;
  const auto* prepared = std::get_if<Prepared>(&state.phase);
  if (prepared && !prepared->lapsed && !prepared->unfinished) return prepared->deadline;
  return {};
}

Effects step(State& state, const Event& event) {
  auto effects = lapse(state, std::visit([](const auto& e) { return e.now; }, event));
  auto more = std::visit([&](const auto& e) { return on(state, e); }, event);
  effects.insert(effects.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  return effects;
}

}  // namespace cutline::protocol::participant
