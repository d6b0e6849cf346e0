#include "launcher/conduct.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

namespace cutline::launcher {
namespace {

constexpr Millis first_pause{20};
constexpr Millis longest_pause{1'000};

Keeper& keeper_of(State& state) {
  return std::visit([](auto& tree) -> Keeper& { return tree.keeper; }, state.tree);
}
const Keeper& keeper_of(const State& state) {
  return std::visit([](const auto& tree) -> const Keeper& { return tree.keeper; }, state.tree);
}

// Nothing runs yet and nothing will be restored: without a sidecar there is no reason to stay.
bool pointless(const State& state) { return std::holds_alternative<Serving>(state.tree) && !keeper_of(state).released; }

void say(const State& state, Actions& out, const ToSidecar& message) {
  if (std::holds_alternative<Connected>(state.link)) out.add(Send{message});
}

void drop_guard(State& state, Actions& out) {
  if (state.guard) out.add(DropGuard{});
  state.guard.reset();
}

void fire(State& state, Millis now, Actions& out) {
  if (!state.guard) return;
  out.add(FireGuard{});
  auto& [limit, next, told] = *state.guard;
  if (now >= limit && !std::exchange(told, true)) say(state, out, Fired{});
  next = now + guard_again;
  if (next > limit + guard_overtime) drop_guard(state, out);
}

bool may_end(int signal) { return signal == SIGTERM || signal == SIGINT || signal == SIGQUIT || signal == SIGHUP; }

void application_ended(State& state, int status, Millis now, Actions& out) {
  say(state, out, Ended{status});
  const auto keeper = keeper_of(state);
  if (!keeper.released || state.told_to_end || state.grace == Millis{0}) return out.add(End{status});
  state.tree = Lingering{keeper, status, now};
}

void deliver(const Keeper& keeper, std::uint64_t waiting, Actions& out) {
  for (int n = 1; n <= 64; ++n)
    if ((waiting >> (n - 1)) & 1U) out.add(Signal{keeper.pid, n});
}

void on(State& state, const Start&, bool, Millis, Actions& out) {
  auto* serving = std::get_if<Serving>(&state.tree);
  if (serving == nullptr || serving->keeper.released) return;
  if (serving->keeper.pid == 0) return out.add(Fork{});
  say(state, out, KeeperForked{serving->keeper.pid});
}

void on(State& state, const Go&, bool, Millis, Actions& out) {
  auto* serving = std::get_if<Serving>(&state.tree);
  if (serving == nullptr || serving->keeper.pid == 0 || serving->keeper.released) return;
  serving->keeper.released = true;
  out.add(Release{});
}

void on(State& state, const Guard& guard, bool descriptor, Millis now, Actions& out) {
  if (!descriptor) return say(state, out, Fired{});
  out.add(TakeGuard{guard.text});
  state.guard = Watchdog{now + guard.limit, now + guard.limit};
  say(state, out, Guarded{});
}

void on(State& state, const Unguard&, bool, Millis, Actions& out) {
  drop_guard(state, out);
  say(state, out, Unguarded{});
}

void on(State& state, const Hold&, bool, Millis, Actions& out) {
  if (const auto* serving = std::get_if<Serving>(&state.tree)) {
    const std::optional<int> ended = serving->give_up ? std::optional{status_unknown} : std::nullopt;
    state.tree = Holding{serving->keeper, ended, 0};
  } else if (const auto* lingering = std::get_if<Lingering>(&state.tree)) {
    state.tree = Holding{lingering->keeper, lingering->status, 0};
  }
  say(state, out, Held{});
}

void on(State& state, const Unhold&, bool, Millis, Actions& out) {
  const auto* holding = std::get_if<Holding>(&state.tree);
  if (holding == nullptr) return;
  if (holding->ended) return out.add(End{*holding->ended});
  const auto before = *holding;
  state.tree = Serving{before.keeper, {}};
  if (before.keeper.released) deliver(before.keeper, before.waiting, out);
}

void on(State& state, const Adopt& adopt, bool, Millis, Actions& out) {
  if (std::holds_alternative<Lingering>(state.tree)) return;
  const auto* holding = std::get_if<Holding>(&state.tree);
  // Said again after a lost connection, or a container that begins with a restored tree; a tree that runs is not
  // exchanged.
  const auto& now_kept = keeper_of(state);
  if (holding == nullptr && now_kept.released && (now_kept.child || now_kept.pid != adopt.pid)) return;
  const std::uint64_t waiting = holding != nullptr ? holding->waiting : 0;
  const Keeper keeper{adopt.pid, false, true};
  state.tree = Serving{keeper, {}};
  out.add(Watch{adopt.pid});
  deliver(keeper, waiting, out);
}

void on(State& state, const Exit& exit, bool, Millis now, Actions& out) {
  if (keeper_of(state).child) return;  // wait(2) tells us ourselves
  if (auto* holding = std::get_if<Holding>(&state.tree)) {
    if (holding->keeper.pid != 0) holding->ended = exit.status;
  } else if (std::holds_alternative<Serving>(state.tree) && keeper_of(state).pid != 0) {
    application_ended(state, exit.status, now, out);
  }
}

void on(State& state, const Grace& grace, bool, Millis, Actions&) { state.grace = grace.time; }

void on(State& state, const LinkUp&, Millis, Actions& out) {
  state.link = Connected{};
  out.add(Send{Hello{state.container, keeper_of(state).pid, phase(state)}});
  if (const auto* lingering = std::get_if<Lingering>(&state.tree)) say(state, out, Ended{lingering->status});
}

void on(State& state, const LinkDown&, Millis now, Actions& out) {
  if (auto* away = std::get_if<Away>(&state.link)) {
    away->pause = std::min(away->pause * 2, longest_pause);
    away->next_try = now + away->pause;
    return;
  }
  state.link = Away{now, now + first_pause, first_pause};
  fire(state, now, out);
}

void on(State& state, const Received& received, Millis now, Actions& out) {
  std::visit([&](const auto& message) { on(state, message, received.descriptor, now, out); }, received.message);
}

void on(State& state, const Forked& forked, Millis, Actions& out) {
  keeper_of(state) = Keeper{forked.pid, true, false};
  say(state, out, KeeperForked{forked.pid});
}

void on(State& state, const ChildEnded& ended, Millis now, Actions& out) {
  const auto& keeper = keeper_of(state);
  if (!keeper.child || keeper.pid != ended.pid) return;
  if (auto* holding = std::get_if<Holding>(&state.tree)) {
    holding->ended = ended.status;
  } else if (std::holds_alternative<Serving>(state.tree)) {
    application_ended(state, ended.status, now, out);
  }
}

void on(State& state, const AdoptedEnded& ended, Millis now, Actions& out) {
  const auto& keeper = keeper_of(state);
  if (keeper.child || keeper.pid == 0) return;
  if (auto* holding = std::get_if<Holding>(&state.tree)) {
    if (!holding->ended || ended.status) holding->ended = ended.status.value_or(status_unknown);
    return;
  }
  auto* serving = std::get_if<Serving>(&state.tree);
  if (serving == nullptr) return;
  if (ended.status) return application_ended(state, *ended.status, now, out);
  if (!serving->give_up) serving->give_up = now + inquiry;
}

void on(State& state, const SignalCame& signal, Millis, Actions& out) {
  if (may_end(signal.number) && signal.number != SIGHUP) state.told_to_end = true;
  if (const auto* lingering = std::get_if<Lingering>(&state.tree)) {
    if (may_end(signal.number)) out.add(End{lingering->status});
  } else if (auto* holding = std::get_if<Holding>(&state.tree)) {
    holding->waiting |= std::uint64_t{1} << (signal.number - 1);
  } else if (keeper_of(state).released) {
    out.add(Signal{keeper_of(state).pid, signal.number});
  } else if (may_end(signal.number)) {
    out.add(End{signal.number});  // nothing runs: as if it had ended us
  }
}

void on(State& state, const TimeCame&, Millis now, Actions& out) {
  if (state.guard && now >= state.guard->next) fire(state, now, out);
  if (const auto* serving = std::get_if<Serving>(&state.tree);
      serving != nullptr && serving->give_up && now >= *serving->give_up)
    return application_ended(state, status_unknown, now, out);
  if (const auto* lingering = std::get_if<Lingering>(&state.tree);
      lingering != nullptr && now >= lingering->since + state.grace)
    return out.add(End{lingering->status});
  const auto* away = std::get_if<Away>(&state.link);
  if (away == nullptr) return;
  if (pointless(state) && now >= away->since + patience) return out.add(GiveUp{});
  if (now >= away->next_try) out.add(Connect{});
}

}  // namespace

State begin(Name container, Millis now) {
  return State{container, Serving{}, Away{now, now, first_pause}, std::nullopt};
}

Actions step(State& state, const Event& event, Millis now) {
  Actions out;
  std::visit([&](const auto& what) { on(state, what, now, out); }, event);
  return out;
}

std::optional<Millis> next_wake(const State& state) {
  std::optional<Millis> next;
  const auto consider = [&next](Millis at) { next = std::min(next.value_or(at), at); };
  if (state.guard) consider(state.guard->next);
  if (const auto* serving = std::get_if<Serving>(&state.tree); serving != nullptr && serving->give_up)
    consider(*serving->give_up);
  if (const auto* lingering = std::get_if<Lingering>(&state.tree)) consider(lingering->since + state.grace);
  if (const auto* away = std::get_if<Away>(&state.link)) {
    consider(away->next_try);
    if (pointless(state)) consider(away->since + patience);
  }
  return next;
}

Phase phase(const State& state) {
  if (std::holds_alternative<Holding>(state.tree)) return Phase::Holding;
  if (std::holds_alternative<Lingering>(state.tree)) return Phase::Ended;
  const auto& keeper = keeper_of(state);
  if (!keeper.released) return Phase::Starting;
  return keeper.child ? Phase::Running : Phase::Adopted;
}

}  // namespace cutline::launcher
