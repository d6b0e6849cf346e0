#include "sidecar/rounds/shell.hpp"

#include "base/log.hpp"
#include "base/overloaded.hpp"
#include "sidecar/rounds/present.hpp"
#include "sidecar/rounds/put_back.hpp"
#include "sidecar/rounds/save.hpp"
#include "sidecar/sockets/dump.hpp"
#include "sidecar/store/configuration.hpp"
#include "sidecar/store/record.hpp"

namespace cutline::sidecar {
namespace {

namespace p = protocol::participant;
using protocol::Command;
using protocol::Reply;

constexpr Millis kLook{1000};
constexpr Millis kPrecopyEnds{500};  // a checkpoint waits no longer for what was copied beforehand

Instant now() { return std::chrono::steady_clock::now(); }

// Of a message that belongs to a round.
constexpr auto epoch_or_none = [](const auto& message) {
  if constexpr (requires { message.epoch; })
    return message.epoch;
  else
    return Epoch{};
};

Epoch epoch_of(const Command& command) { return std::visit(epoch_or_none, command); }

Epoch epoch_of(const Reply& reply) { return std::visit(epoch_or_none, reply); }

}  // namespace

Shell::Shell(PodParts& pod, History& history, Remote& remote, p::Durable recorded,
             const protocol::Configure& configured)
    : pod_(pod),
      precopy_(pod.store, pod.launchers),
      history_(history),
      remote_(remote),
      hooks_(pod.launchers),
      own_(pod.store, history, pod.tracker),
      state_(p::revive(recorded)),
      worker_([this](const std::stop_token& stop) { work(stop); }),
      thread_([this, configured](const std::stop_token& stop) {
        apply(configured);
        run(stop);
      }) {}

Shell::~Shell() {
  thread_.request_stop();
  worker_.request_stop();
  arrived_.notify_all();
}

void Shell::command(Command command, control::Server::ReplyTo reply) {
  post(Asked{std::move(command), std::move(reply)});
}

void Shell::post(Input input) {
  {
    const std::scoped_lock lock{mutex_};
    inputs_.push_back(std::move(input));
  }
  arrived_.notify_all();
}

void Shell::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    auto due = std::min(p::wake(state_).value_or(Instant::max()), now() + kLook);
    if (idle() && !hooks_.running()) due = std::min(due, own_.next().value_or(Instant::max()));
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
    own_time();
  }
}

// Between rounds only: within one, the worker looks when it matters.
void Shell::look() {
  if (!idle()) return;
  precopy_.expire(now());
  if (const auto live = sockets::tcp_sockets(Deadline::after(kLook))) pod_.tracker.look(*live);
}

void Shell::own_time() {
  if (!idle()) return;
  for (auto& asked : std::exchange(postponed_, {})) handle_asked(asked);
  if (!idle() || hooks_.running() || !own_.is_due(now())) return;
  // Where a rollback is to come by itself, the state of an application that has started anew is none to keep.
  if (configured_.grace > Millis{0} && !pod_.launchers.failures().empty())
    return own_.ended(fail(Code::Unavailable, "an application has failed, and a rollback is awaited"), now());
  if (auto due = own_.due(needed(), now())) feed(*std::move(due));
}

void Shell::handle(Input& input) {
  if (auto* asked = std::get_if<Asked>(&input)) return handle_asked(*asked);
  auto& event = std::get<Event>(input);
  if (auto* saved = std::get_if<p::SaveEnded>(&event); saved && protocol::is_own(saved->epoch))
    own_failure_ =
        saved->result ? Error{Code::Timeout, "the save ended after the gate's deadline"} : saved->result.error();
  // Before anybody hears of it: the next interval begins where the pod was put back to.
  if (auto* restored = std::get_if<p::RestoreEnded>(&event); restored && restored->result) {
    if (auto written = history_.went_back(pod_.tracker, names_); !written)
      restored->result = forward(written, "lineage");
    own_.start_again(now());
  }
  feed(event);
}

void Shell::handle_asked(Asked& asked) {
  if (direct(asked)) return;
  if (begins_beside_hooks(asked.command))
    return asked.reply(
        protocol::Refused{epoch_of(asked.command), {Code::Busy, "hooks of another round run in this pod"}});
  waiting_.push_back({epoch_of(asked.command), std::move(asked.reply)});
  feed(p::Commanded{std::move(asked.command), now()});
}

// ---- what concerns no round -----------------------------------------------------------------------------------------

bool Shell::direct(Asked& asked) {
  return std::visit(
      overloaded{
          [&](const protocol::Forget&) { return forget(asked), true; },
          [&](const protocol::Upload& m) { return asked.reply(upload(m)), true; },
          [&](const protocol::Fetch& m) { return asked.reply(fetch(m)), true; },
          [&](const protocol::Recall& m) { return asked.reply(recall(m.last)), true; },
          [&](const protocol::Probe&) { return asked.reply(protocol::Probed{pod_.launchers.failures()}), true; },
          [&](const protocol::Configure& m) { return asked.reply(configure(m)), true; },
          [&](const protocol::Preflight&) {
            auto found = preflight_findings(pod_);
            asked.reply(found ? Reply{protocol::Findings{*std::move(found)}}
                              : Reply{protocol::Refused{{}, found.error()}});
            return true;
          },
          [&](const protocol::Sever&) { return sever(asked), true; },
          [&](const protocol::RunHooks& m) { return asked.reply(run_hooks(m)), true; },
          [&](const protocol::Precopy& m) { return asked.reply(precopy(m)), true; },
          [](const auto&) { return false; },
      },
      asked.command);
}

std::set<Epoch> Shell::needed() const {
  std::set<Epoch> out;
  const auto held = p::durable(state_);
  for (const auto& one : {held.restoring, held.prepared})
    if (one) out.insert(*one);
  return out;
}

// Not under a program that reads or writes it: that one is ended first.
void Shell::forget(Asked& asked) {
  const auto checkpoint = std::get<protocol::Forget>(asked.command).checkpoint;
  if (needed().contains(checkpoint))
    return asked.reply(protocol::Refused{{}, {Code::Busy, "a rollback needs this checkpoint"}});
  if (!remote_.drop(checkpoint)) return postponed_.push_back(std::move(asked));
  const auto done = history_.forget(checkpoint, pod_.tracker);
  asked.reply(done ? Reply{protocol::Forgotten{checkpoint}} : Reply{protocol::Refused{{}, done.error()}});
}

Reply Shell::upload(const protocol::Upload& m) {
  const auto* known = history_.find(m.checkpoint);
  if (known == nullptr)
    return protocol::Refused{
        {}, {Code::NotFound, fmt::format("this pod has no checkpoint of epoch {}", value(m.checkpoint))}};
  if (known->digest != m.digest)
    return protocol::Refused{
        {},
        {Code::Corrupt,
         fmt::format("the checkpoint here is not the one on record ({} instead of {})", known->digest, m.digest)}};
  return remote_.ask(m);
}

Reply Shell::fetch(const protocol::Fetch& m) {
  if (const auto* known = history_.find(m.checkpoint); known != nullptr && known->digest == m.digest)
    return protocol::Fetched{m.checkpoint};
  auto answer = remote_.ask(m);
  if (auto* reply = std::get_if<Reply>(&answer)) return std::move(*reply);
  auto& [draft, stored] = *std::get<std::unique_ptr<Remote::Brought>>(answer);
  if (auto adopted = history_.adopt(draft, stored); !adopted) return protocol::Refused{{}, adopted.error()};
  return protocol::Fetched{m.checkpoint};
}

// Never while anything is frozen, saved or put back: a hook would see half of it, and what it starts is in no image.
Reply Shell::run_hooks(const protocol::RunHooks& m) {
  if (!idle() && !hooks_.knows(m.key)) return protocol::Refused{{}, {Code::Busy, "a round has this pod"}};
  return hooks_.ask(m);
}

Reply Shell::precopy(const protocol::Precopy& m) {
  if (!idle()) return protocol::Refused{{}, {Code::Busy, "a round has this pod"}};
  return precopy_.ask(m, last());
}

// The checkpoint that the present follows on.
std::optional<Epoch> Shell::last() const {
  const auto chain = history_.chain(1);
  return chain.empty() ? std::nullopt : std::optional{chain.back().epoch};
}

// A round's own hooks have ended before it begins.
bool Shell::begins_beside_hooks(const Command& command) const {
  const bool begins =
      std::holds_alternative<protocol::Request>(command) || std::holds_alternative<protocol::Prepare>(command);
  return begins && idle() && hooks_.running();
}

Reply Shell::recall(std::uint32_t last) {
  protocol::History out{history_.chain(last), {}};
  for (const auto& checkpoint : out.checkpoints)
    if (const auto names = history_.names(checkpoint.epoch); !names.empty())
      out.renamed.push_back(protocol::renamed(checkpoint.index, names));
  const bool torn =
      std::holds_alternative<p::Stopping>(state_.phase) || std::holds_alternative<p::Stopped>(state_.phase) ||
      std::holds_alternative<p::Restoring>(state_.phase) || std::holds_alternative<p::Stuck>(state_.phase);
  if (torn || !all_live(pod_.launchers)) return out;
  auto now_there = present(pod_);
  if (!now_there) return protocol::Refused{{}, now_there.error()};
  out.present = *std::move(now_there);
  return out;
}

Reply Shell::configure(const protocol::Configure& wanted) {
  if (wanted == configured_) return protocol::Configured{};  // it is told again and again
  if (auto saved = store::save_configuration(pod_.store.root(), wanted); !saved)
    return protocol::Refused{{}, saved.error()};
  apply(wanted);
  return protocol::Configured{};
}

void Shell::apply(const protocol::Configure& wanted) {
  configured_ = wanted;
  own_.configure(wanted.independent, now());
  pod_.launchers.set_grace(wanted.grace);
}

// Not under a checkpoint that is being taken: it must find the connection as its counters say. A rollback replaces the
// processes.
void Shell::sever(Asked& asked) {
  const auto& command = std::get<protocol::Sever>(asked.command);
  const bool saving = std::holds_alternative<p::Saving>(state_.phase) ||
                      std::holds_alternative<p::Saved>(state_.phase) ||
                      std::holds_alternative<p::SavingOwn>(state_.phase);
  if (saving) return postponed_.push_back(std::move(asked));
  if (!idle()) return asked.reply(protocol::Refused{command.epoch, {Code::Busy, "a rollback has this pod"}});
  if (severed_ == command.epoch) return asked.reply(protocol::Severed{command.epoch});
  const auto done = sidecar::sever(pod_, command.connections);
  if (done) severed_ = command.epoch;
  asked.reply(done ? Reply{protocol::Severed{command.epoch}} : Reply{protocol::Refused{command.epoch, done.error()}});
}

// ---- effects --------------------------------------------------------------------------------------------------------

void Shell::feed(const Event& event) {
  Status durable;
  const auto effects = p::step(state_, event);
  if (!idle()) remote_.hold(), precopy_.stop();
  for (const auto& effect : effects) carry_out(effect, durable);
  if (idle()) remote_.release();
}

void Shell::carry_out(const p::Effect& effect, Status& durable) {
  std::visit(overloaded{
                 [&](const p::Persist&) { durable = persist(); },
                 [&](const p::Save& save) { start(save, durable); },
                 [&](const p::Keep& kept) { keep(kept.checkpoint); },
                 [&](const p::Discard& dropped) { discard(dropped.checkpoint); },
                 [&](const p::OpenGate&) { open_gate(); },
                 [&](const p::Verify& verify) { start(verify, durable); },
                 [&](const p::EndAll& end_all) { start(end_all, durable); },
                 [&](const p::PutBack& put_back) {
                   names_ = protocol::Readdressing{put_back.addresses, put_back.shifts};
                   if (names_.empty()) names_ = history_.names(put_back.checkpoint);
                   start(put_back, durable);
                 },
                 [&](const p::Answer& reply) { answer(reply.reply); },
             },
             effect);
}

void Shell::keep(Epoch checkpoint) {
  if (history_.find(checkpoint)) return;  // said again
  Status done;
  if (const auto committed = pod_.store.commit(checkpoint); !committed) done = tl::unexpected(committed.error());
  if (done) done = history_.kept(checkpoint, pod_.tracker);
  if (done) pod_.launchers.saved();
  if (!done) log::error("checkpoint not marked as committed", {{"epoch", checkpoint}, {"error", done.error()}});
  if (!protocol::is_own(checkpoint)) return;
  if (done) return own_.ended({}, now());
  own_failure_ = done.error();
  discard(checkpoint);
}

void Shell::discard(Epoch checkpoint) {
  const auto stored = pod_.store.load(checkpoint);
  if (!stored || !stored->committed) {
    if (auto gone = pod_.store.discard(checkpoint); !gone)
      log::error("checkpoint not discarded", {{"epoch", checkpoint}, {"error", gone.error()}});
  }
  if (protocol::is_own(checkpoint)) own_.ended(tl::unexpected(own_failure_), now());
}

void Shell::open_gate() {
  const std::scoped_lock lock{gate_mutex_};
  if (auto opened = pod_.gate.open(); !opened) log::error("gate not opened", {{"error", opened.error()}});
  if (pod_.gate_closed_at)
    gated_us_ = std::chrono::duration_cast<Micros>(now() - *std::exchange(pod_.gate_closed_at, std::nullopt)).count();
}

// To everybody who asked about this epoch: a repeated command has the same answer.
void Shell::answer(const Reply& reply) {
  auto out = reply;
  if (auto* opened = std::get_if<protocol::Opened>(&out)) {
    opened->gated = Micros{gated_us_};
    if (const auto* kept = history_.find(opened->epoch)) opened->digest = kept->digest;
  }
  if (auto* restored = std::get_if<protocol::Restored>(&out)) restored->written = written_;
  if (auto* stopped = std::get_if<protocol::Stopped>(&out)) {
    const auto checkpoint = p::durable(state_).restoring.value_or(Epoch{});
    auto told = shifts(pod_, checkpoint, history_.names(checkpoint));
    if (told)
      stopped->shifts = *std::move(told);
    else
      out = protocol::Refused{stopped->epoch, told.error().in("sequence numbers")};
  }
  const auto epoch = epoch_of(out);
  for (auto& waiting : waiting_)
    if (waiting.epoch == epoch) waiting.reply(out);
  std::erase_if(waiting_, [&](const Waiting& w) { return w.epoch == epoch; });
}

Status Shell::persist() {
  auto saved = store::save_record(pod_.store.root(), {p::durable(state_), pod_.tracker.bases_json()});
  if (!saved) log::error("record not written", {{"error", saved.error()}});
  return saved;
}

// ---- the worker -----------------------------------------------------------------------------------------------------

void Shell::start(Job job, const Status& durable) {
  if (!durable) {
    const auto why = tl::unexpected(durable.error().in("record"));
    return post(
        std::visit(overloaded{[&](const p::Save& m) -> Event { return p::SaveEnded{m.epoch, why, now()}; },
                              [&](const p::Verify& m) -> Event { return p::PrepareEnded{m.epoch, why, now()}; },
                              [&](const p::EndAll& m) -> Event { return p::StopEnded{m.epoch, why, now()}; },
                              [&](const p::PutBack& m) -> Event { return p::RestoreEnded{m.epoch, why, now()}; }},
                   job));
  }
  {
    const std::scoped_lock lock{mutex_};
    base_ = std::holds_alternative<p::Save>(job) ? last() : std::nullopt;
    job_ = std::move(job);
  }
  arrived_.notify_all();
}

void Shell::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::optional<Job> job;
    std::optional<Epoch> base;
    {
      std::unique_lock lock{mutex_};
      if (!arrived_.wait(lock, stop, [&] { return job_.has_value(); })) return;
      job = std::exchange(job_, std::nullopt);
      base = base_;
    }
    post(perform(*job, base));
  }
}

// What does not change is taken over: from what was copied beforehand, else from the last checkpoint.
Result<protocol::LocalCheckpoint> Shell::save(const p::Save& request, std::optional<Epoch> last) {
  auto copies = precopy_.take(Deadline::after(request.hold).sooner(kPrecopyEnds));
  const auto containers = pod_.launchers.containers();
  for (const auto& container : containers.value_or(std::vector<Container>{}))
    if (last) copies.emplace(container.name, pod_.store.container_folder(*last, container.name));
  auto saved = sidecar::save(pod_, request, copies);
  precopy_.clear();
  return saved;
}

Shell::Event Shell::perform(const Job& job, std::optional<Epoch> last) {
  const std::scoped_lock lock{gate_mutex_};
  gated_us_ = 0;
  return std::visit(overloaded{
                        [&](const p::Save& m) -> Event {
                          auto saved = save(m, last);
                          return p::SaveEnded{m.epoch, std::move(saved), now()};
                        },
                        [&](const p::Verify& m) -> Event { return p::PrepareEnded{m.epoch, verify(pod_, m), now()}; },
                        [&](const p::EndAll& m) -> Event { return p::StopEnded{m.epoch, stop(pod_, m), now()}; },
                        [&](const p::PutBack& m) -> Event {
                          auto restored = put_back(pod_, m, names_);
                          written_ = pod_.written;
                          return p::RestoreEnded{m.epoch, std::move(restored), now()};
                        },
                    },
                    job);
}

}  // namespace cutline::sidecar
