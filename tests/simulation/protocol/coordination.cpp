// The operator's shell, the API server and the control network of the simulated world.
#include <fmt/format.h>

#include <algorithm>

#include "base/overloaded.hpp"
#include "world.hpp"

namespace cutline::simulation {

using namespace std::chrono_literals;
namespace round = protocol::round;
namespace rollback = protocol::rollback;

namespace {

struct OfRound {
  using Recorded = round::Recorded;
  using RecordFailed = round::RecordFailed;
  using Answered = round::Answered;
  using MemberGone = round::MemberGone;
  using Tick = round::Tick;
};
struct OfRollback {
  using Recorded = rollback::Recorded;
  using RecordFailed = rollback::RecordFailed;
  using Answered = rollback::Answered;
  using MemberGone = rollback::MemberGone;
  using Tick = rollback::Tick;
};

Stage stage_of(const round::Record& record) {
  return std::visit(overloaded{[](const round::Reserve&) { return Stage::Reserved; },
                               [](const round::Commit&) { return Stage::Committed; },
                               [](const round::Failure&) { return Stage::Failed; }},
                    record);
}

Stage stage_of(const rollback::Record& record) {
  return std::visit(overloaded{[](const rollback::Reserve&) { return Stage::Reserved; },
                               [](const rollback::Irrevocable&) { return Stage::Irrevocable; },
                               [](const rollback::Commit&) { return Stage::Committed; },
                               [](const rollback::Failure& f) { return f.held ? Stage::Held : Stage::Failed; }},
                    record);
}

template <class Coordinator>
bool ended(const Coordinator& coordinator) {
  return std::visit(overloaded{[](const round::State& s) { return std::holds_alternative<round::Ended>(s); },
                               [](const rollback::State& s) { return std::holds_alternative<rollback::Ended>(s); }},
                    coordinator.state);
}

template <class Coordinator>
bool released(const Coordinator& coordinator) {
  return std::visit(overloaded{[](const round::State& s) {
                                 const auto* e = std::get_if<round::Ended>(&s);
                                 return e && e->committed;
                               },
                               [](const rollback::State& s) {
                                 const auto* e = std::get_if<rollback::Ended>(&s);
                                 return e && e->outcome == rollback::Outcome::Released;
                               }},
                    coordinator.state);
}

}  // namespace

World::Coordinator& World::employ(Job& job) {
  auto& coordinator = *job.coordinators.emplace_back(std::make_unique<Coordinator>());
  coordinator.version = job.version;
  coordinator.clock = Millis{100'000 * static_cast<long>(job.coordinators.size())};
  return coordinator;
}

void World::begin_round(Job& job, std::set<std::size_t> members) {
  job.round = {job.epoch, {}, kHold, kMargin, {}};
  if (choices_.chance(50)) job.round.options.gate = protocol::GateKind::Drop;
  for (const auto i : members) job.round.members.insert(pods_[i].uid);
  job.members = std::move(members);
  auto& coordinator = employ(job);
  auto& state = coordinator.state.emplace<round::State>();
  carry_out(job, coordinator, round::step(state, round::Begin{job.round, now_ + coordinator.clock}));
}

void World::begin_rollback(Job& job, Epoch checkpoint) {
  job.back = {job.epoch, {}, kHold, 90ms, 200ms, 3};
  for (const auto i : job.members) job.back.members[pods_[i].uid] = {checkpoint, ""};
  auto& coordinator = employ(job);
  auto& state = coordinator.state.emplace<rollback::State>();
  carry_out(job, coordinator, rollback::step(state, rollback::Begin{job.back, now_ + coordinator.clock}));
}

// A successor reads the record, and nothing else.
void World::recover(Job& job) {
  if (job.stage == Stage::None || job.stage == Stage::Failed || job.stage == Stage::Held) return;
  auto& coordinator = employ(job);
  const auto now = now_ + coordinator.clock;
  if (!job.rollback) {
    auto& state = coordinator.state.emplace<round::State>();
    carry_out(job, coordinator, round::step(state, round::Recover{job.round, job.stage == Stage::Committed, now}));
  } else {
    const auto phase = job.stage == Stage::Reserved      ? rollback::Phase::Reserved
                       : job.stage == Stage::Irrevocable ? rollback::Phase::Restoring
                                                         : rollback::Phase::Released;
    auto& state = coordinator.state.emplace<rollback::State>();
    carry_out(job, coordinator, rollback::step(state, rollback::Recover{job.back, phase, now}));
  }
  for (const auto i : job.members) {
    if (!pods_[i].gone) continue;
    const auto& uid = pods_[i].uid;
    feed(job, coordinator, [&](auto of, Instant at) { return typename decltype(of)::MemberGone{uid, at}; });
  }
}

// `make` gets the kind of events and the coordinator's own time.
template <class Make>
void World::feed(Job& job, Coordinator& coordinator, Make make) {
  if (coordinator.alive) scripted_death();
  if (!coordinator.alive) return;
  const auto now = now_ + coordinator.clock;
  std::visit(overloaded{
                 [&](round::State& s) { carry_out(job, coordinator, round::step(s, make(OfRound{}, now))); },
                 [&](rollback::State& s) { carry_out(job, coordinator, rollback::step(s, make(OfRollback{}, now))); },
             },
             coordinator.state);
}

template <class Output>
void World::carry_out(Job& job, Coordinator& coordinator, const Output& output) {
  for (const auto& send : output.send) command(job, coordinator, send.to, send.command);
  if (output.persist) write(job, coordinator, stage_of(*output.persist));
  const auto alarm = ++coordinator.alarm;
  if (output.wake) {
    auto delay = std::max(std::chrono::ceil<Millis>(*output.wake - coordinator.clock - now_), 0ms);
    if (choices_.chance(setting_.faults.late))
      delay += Millis{static_cast<long>(choices_.pick(100))};  // a busy machine
    after(delay, [this, &job, &coordinator, alarm] {
      if (alarm != coordinator.alarm) return;
      feed(job, coordinator, [](auto of, Instant now) { return typename decltype(of)::Tick{now}; });
    });
  }
  close_if_ended(job);
}

// ---- the API server -------------------------------------------------------------------------------------------------

void World::write(Job& job, Coordinator& coordinator, Stage stage) {
  coordinator.writing = true;
  const bool fails = choices_.chance(setting_.faults.failing_write);
  const auto delay =
      Millis{1 + static_cast<long>(choices_.pick(5))} + (choices_.chance(setting_.faults.late) ? 60ms : 0ms);
  after(delay, [this, &job, &coordinator, stage, fails] {
    if (fails) return recorded(job, coordinator, false);
    land(job, coordinator, stage);
  });
}

// Also of a coordinator that has died meanwhile: its request was on the way.
void World::land(Job& job, Coordinator& coordinator, Stage stage) {
  if (coordinator.version != job.version) {
    // Somebody was faster. What this one wanted may stand there all the same.
    coordinator.version = job.version;
    return recorded(job, coordinator, job.stage == stage);
  }
  job.stage = stage;
  coordinator.version = ++job.version;
  check_landed(job);
  after(1ms, [this, &job, &coordinator] { recorded(job, coordinator, true); });
}

void World::recorded(Job& job, Coordinator& coordinator, bool success) {
  coordinator.writing = false;
  if (success) {
    feed(job, coordinator, [](auto of, Instant now) { return typename decltype(of)::Recorded{now}; });
  } else {
    feed(job, coordinator,
         [](auto of, Instant now) { return typename decltype(of)::RecordFailed{"no longer ours", now}; });
  }
  close_if_ended(job);
}

void World::close_if_ended(Job& job) {
  bool working = false;
  for (const auto& c : job.coordinators) {
    working = working || (c->alive && (!ended(*c) || c->writing));
    if (job.stage == Stage::Committed && c->alive && released(*c)) job.closed = true;
  }
  if (!working && (job.stage == Stage::Failed || job.stage == Stage::Held)) job.closed = true;
}

// Whoever leads takes up what nobody works on.
void World::watch_over_jobs() {
  after(25ms, [this] { watch_over_jobs(); });
  for (auto& job : jobs_) {
    bool working = false;
    for (const auto& c : job->coordinators) working = working || c->writing || (c->alive && !ended(*c));
    if (job->closed || working) continue;
    if (job->stage == Stage::None || job->stage == Stage::Failed || job->stage == Stage::Held) {
      job->closed = true;
    } else {
      recover(*job);
    }
  }
}

// ---- the control network --------------------------------------------------------------------------------------------

void World::transmit(std::function<void()> arrival) {
  const auto& faults = setting_.faults;
  if (setting_.lose.contains(messages_++) || choices_.chance(faults.loss)) return;
  for (int copies = choices_.chance(faults.duplicate) ? 2 : 1; copies > 0; --copies) {
    auto delay = Millis{1 + static_cast<long>(choices_.pick(4))};
    if (choices_.chance(faults.late))
      delay += Millis{static_cast<long>(choices_.pick(static_cast<std::size_t>(faults.latest)))};
    after(delay, arrival);
  }
}

void World::command(Job& job, Coordinator& coordinator, const PodUid& to, const protocol::Command& command) {
  if (!coordinator.alive) return;
  check_send(job, command);
  if (std::holds_alternative<protocol::Abort>(command)) job.abort_sent = true;
  const auto who = std::stoul(to.value);
  transmit([this, who, command] { feed(who, protocol::participant::Commanded{command, now_ + pods_[who].clock}); });
}

// Every coordinator that is still at work hears everything: telling apart is the machines' business.
void World::reply(std::size_t from, const protocol::Reply& reply) {
  transmit([this, from, reply] {
    for (const auto& job : jobs_) {
      if (job->closed) continue;
      for (std::size_t k = 0; k < job->coordinators.size(); ++k) {
        feed(*job, *job->coordinators[k],
             [&](auto of, Instant now) { return typename decltype(of)::Answered{pods_[from].uid, reply, now}; });
      }
    }
  });
}

void World::leave(std::size_t who) {
  auto& pod = pods_[who];
  if (pod.gone) return;
  pod.gone = true;
  ++pod.incarnation;
  for (auto& job : jobs_) {
    for (std::size_t k = 0; k < job->coordinators.size(); ++k) {
      feed(*job, *job->coordinators[k],
           [&](auto of, Instant now) { return typename decltype(of)::MemberGone{pod.uid, now}; });
    }
  }
}

// Epochs are given out one by one.
World::Job* World::job(Epoch epoch) {
  const auto number = value(epoch);
  return number >= 1 && number <= jobs_.size() ? jobs_[number - 1].get() : nullptr;
}

}  // namespace cutline::simulation
