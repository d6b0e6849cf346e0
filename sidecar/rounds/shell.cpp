#include "sidecar/rounds/shell.hpp"

#include "base/log.hpp"
#include "base/overloaded.hpp"
#include "sidecar/preflight/preflight.hpp"
#include "sidecar/rounds/put_back.hpp"
#include "sidecar/rounds/save.hpp"
#include "sidecar/sockets/dump.hpp"
#include "sidecar/store/record.hpp"

namespace cutline::sidecar {
namespace {

namespace p = protocol::participant;
using protocol::Command;
using protocol::Reply;

constexpr Millis kLook{1000};

Instant now() { return std::chrono::steady_clock::now(); }

preflight::Subject subject_of(const Container& container) {
  const auto pids = container.freezer->pids().value_or(std::vector<pid_t>{});
  return {container.name, container.keeper, {pids.begin(), pids.end()}, {container.launcher}};
}

// Of a message that belongs to a round.
constexpr auto epoch_or_none = [](const auto& message) {
  if constexpr (requires { message.epoch; }) return message.epoch;
  else return Epoch{};
};

Epoch epoch_of(const Command& command) {
  return std::visit(epoch_or_none, command);
}

Epoch epoch_of(const Reply& reply) { return std::visit(epoch_or_none, reply); }

}  // namespace

Shell::Shell(PodParts& pod, p::Durable recorded)
    : pod_(pod), state_(p::revive(recorded)),
      worker_([this](const std::stop_token& stop) { work(stop); }),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Shell::~Shell() {
  thread_.request_stop();
  worker_.request_stop();
  arrived_.notify_all();
}

void Shell::command(Command command, control::Server::ReplyTo reply) { post(Asked{std::move(command), std::move(reply)}); }

void Shell::post(Input input) {
  {
    const std::scoped_lock lock{mutex_};
    inputs_.push_back(std::move(input));
  }
  arrived_.notify_all();
}

void Shell::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto due = std::min(p::wake(state_).value_or(Instant::max()), now() + kLook);
    std::optional<Input> input;
    {
      std::unique_lock lock{mutex_};
      if (arrived_.wait_until(lock, stop, due, [&] { return !inputs_.empty(); })) {
        input = std::move(inputs_.front());
        inputs_.pop_front();
      }
    }
    if (input) {
      handle(*input);
    } else {
      feed(p::Tick{now()});
      look();
    }
  }
}

// Which end of a connection had connected is seen best while it is young. Between rounds only: a round has the bases to itself.
void Shell::look() {
  if (!std::holds_alternative<p::Idle>(state_.phase)) return;
  if (const auto live = sockets::tcp_sockets(Deadline::after(kLook))) pod_.bases.observe(*live);
}

void Shell::handle(Input& input) {
  if (auto* event = std::get_if<Event>(&input)) return feed(*event);
  auto& [command, reply] = std::get<Asked>(input);
  if (direct(command, reply)) return;
  waiting_.push_back({epoch_of(command), std::move(reply)});
  feed(p::Commanded{std::move(command), now()});
}

// What concerns no round.
bool Shell::direct(const Command& command, const control::Server::ReplyTo& reply) {
  if (const auto* forget = std::get_if<protocol::Forget>(&command)) {
    const auto held = p::durable(state_);
    const bool needed = held.restoring == forget->checkpoint || held.prepared == forget->checkpoint;
    const auto done = needed ? Status{fail(Code::Busy, "a rollback needs this checkpoint")} : pod_.store.discard(forget->checkpoint);
    reply(done ? Reply{protocol::Forgotten{forget->checkpoint}} : Reply{protocol::Refused{{}, done.error()}});
    return true;
  }
  if (std::visit([](const auto& m) { return requires { m.grace; } || requires { m.last; } || requires { m.connections; }; }, command) ||
      std::holds_alternative<protocol::Probe>(command)) {
    reply(protocol::Refused{{}, {Code::Unsupported, "not in this version"}});
    return true;
  }
  if (!std::holds_alternative<protocol::Preflight>(command)) return false;
  const auto containers = pod_.launchers.containers();
  if (!containers) {
    reply(protocol::Refused{{}, containers.error()});
    return true;
  }
  protocol::Findings out;
  for (const auto& container : *containers)
    for (auto& finding : preflight::inspect(subject_of(container))) out.findings.push_back(std::move(finding));
  reply(std::move(out));
  return true;
}

void Shell::feed(const Event& event) {
  Status durable;
  for (const auto& effect : p::step(state_, event)) carry_out(effect, durable);
}

void Shell::carry_out(const p::Effect& effect, Status& durable) {
  const auto report = [](const Status& done, const char* what) {
    if (!done) log::error(what, {{"error", done.error()}});
  };
  std::visit(overloaded{
                 [&](const p::Persist&) { durable = persist(); },
                 [&](const p::Save& save) { start(save, durable); },
                 [&](const p::Keep& keep) {
                   report(pod_.store.commit(keep.checkpoint), "checkpoint not marked as committed");
                   pod_.launchers.saved();
                 },
                 [&](const p::Discard& discard) {
                   const auto stored = pod_.store.load(discard.checkpoint);
                   if (!stored || !stored->committed) report(pod_.store.discard(discard.checkpoint), "checkpoint not discarded");
                 },
                 [&](const p::OpenGate&) { open_gate(); },
                 [&](const p::Verify& verify) { start(verify, durable); },
                 [&](const p::PutBack& put_back) { start(put_back, durable); },
                 [&](const p::Answer& reply) { answer(reply.reply); },
             },
             effect);
}

void Shell::open_gate() {
  const std::scoped_lock lock{gate_mutex_};
  if (auto opened = pod_.gate.open(); !opened) log::error("gate not opened", {{"error", opened.error()}});
  if (pod_.gate_closed_at) gated_us_ = std::chrono::duration_cast<Micros>(now() - *std::exchange(pod_.gate_closed_at, std::nullopt)).count();
}

// To everybody who asked about this epoch: a repeated command has the same answer.
void Shell::answer(const Reply& reply) {
  auto out = reply;
  if (auto* opened = std::get_if<protocol::Opened>(&out)) opened->gated = Micros{gated_us_};
  const auto epoch = epoch_of(out);
  for (auto& waiting : waiting_)
    if (waiting.epoch == epoch) waiting.reply(out);
  std::erase_if(waiting_, [&](const Waiting& w) { return w.epoch == epoch; });
}

Status Shell::persist() {
  auto saved = store::save_record(pod_.store.root(), {p::durable(state_), pod_.bases.to_json()});
  if (!saved) log::error("record not written", {{"error", saved.error()}});
  return saved;
}

// ---- the worker ---------------------------------------------------------------------------------------------------------

void Shell::start(Job job, const Status& durable) {
  if (!durable) {
    const auto why = tl::unexpected(durable.error().in("record"));
    return post(std::visit(overloaded{[&](const p::Save& m) -> Event { return p::SaveEnded{m.epoch, why, now()}; },
                                      [&](const p::Verify& m) -> Event { return p::PrepareEnded{m.epoch, why, now()}; },
                                      [&](const p::PutBack& m) -> Event { return p::RestoreEnded{m.epoch, why, now()}; }},
                           job));
  }
  {
    const std::scoped_lock lock{mutex_};
    job_ = std::move(job);
  }
  arrived_.notify_all();
}

void Shell::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::optional<Job> job;
    {
      std::unique_lock lock{mutex_};
      if (!arrived_.wait(lock, stop, [&] { return job_.has_value(); })) return;
      job = std::exchange(job_, std::nullopt);
    }
    post(perform(*job));
  }
}

Shell::Event Shell::perform(const Job& job) {
  const std::scoped_lock lock{gate_mutex_};
  gated_us_ = 0;
  return std::visit(overloaded{
                        [&](const p::Save& m) -> Event {
                          auto saved = save(pod_, m);
                          return p::SaveEnded{m.epoch, std::move(saved), now()};
                        },
                        [&](const p::Verify& m) -> Event { return p::PrepareEnded{m.epoch, verify(pod_, m), now()}; },
                        [&](const p::PutBack& m) -> Event { return p::RestoreEnded{m.epoch, put_back(pod_, m), now()}; },
                    },
                    job);
}

}  // namespace cutline::sidecar
