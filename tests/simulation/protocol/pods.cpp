// The sidecar's shell, the kernel and the applications of the simulated world.
#include <fmt/format.h>

#include <algorithm>

#include "base/overloaded.hpp"
#include "world.hpp"

namespace cutline::simulation {

using namespace std::chrono_literals;
namespace participant = protocol::participant;

namespace {
constexpr Millis kSegmentLife{3};     // the network keeps none longer; a restore takes longer than that
constexpr std::int64_t kWindow = 64;  // of every connection; rollbacks reach further back than that

std::int64_t received(const Stream& stream) {
  return static_cast<std::int64_t>(stream.received.size()) + stream.received_shift;
}
}  // namespace

// ---- the sidecar ----------------------------------------------------------------------------------------------------

void World::feed(std::size_t who, const participant::Event& event) {
  auto& pod = pods_[who];
  if (pod.gone) return;
  const auto incarnation = pod.incarnation;
  scripted_death();
  if (pod.incarnation != incarnation) return;
  const auto effects = participant::step(pod.state, event);
  demand(pod.state.epoch >= pod.highest, "an epoch goes back");
  for (const auto& effect : effects) {
    perform(who, effect);
    if (choices_.chance(setting_.faults.sidecar_dies)) die(who);
    if (pod.incarnation != incarnation) return;
  }
  wake(who);
}

void World::perform(std::size_t who, const participant::Effect& effect) {
  auto& pod = pods_[who];
  check_effect(who, effect);
  std::visit(overloaded{
                 [&](const participant::Persist&) { pod.disk = participant::durable(pod.state); },
                 [&](const participant::Save& e) { save(who, e); },
                 [&](const participant::Keep& e) {
                   if (const auto image = pod.images.find(e.checkpoint); image != pod.images.end())
                     image->second.kept = true;
                 },
                 [&](const participant::Discard& e) { pod.images.erase(e.checkpoint); },
                 [&](const participant::OpenGate&) { open_gate(who); },
                 [&](const participant::Verify& e) { verify(who, e); },
                 [&](const participant::EndAll& e) { end_all(who, e); },
                 [&](const participant::PutBack& e) { put_back(who, e); },
                 [&](const participant::Answer& e) { answer(who, e.reply); },
             },
             effect);
}

// The shell adds how far each connection has come since the checkpoint.
void World::answer(std::size_t who, protocol::Reply reply_to) {
  const auto& pod = pods_[who];
  if (auto* stopped = std::get_if<protocol::Stopped>(&reply_to)) {
    for (const auto& [peer, stream] : pod.images.at(*participant::durable(pod.state).restoring).application)
      stopped->shifts.push_back(
          {connection_of(who, peer), static_cast<std::uint32_t>(stream.sent_shift),
           static_cast<std::uint32_t>(pod.noted.at(peer) - static_cast<std::int64_t>(stream.received.size()))});
  }
  reply(who, reply_to);
}

// The dump happens at the very end; until then the kernel goes on with what the gate lets through.
void World::save(std::size_t who, const participant::Save& save) {
  auto& pod = pods_[who];
  pod.frozen = true;
  close_gate(who, save.hold, save.options.gate == protocol::GateKind::Drop);
  const bool fails = choices_.chance(setting_.faults.failing_save);
  const auto duration =
      Millis{5 + static_cast<long>(choices_.pick(25))} + (choices_.chance(setting_.faults.slow_save) ? 65ms : 0ms);
  after(duration, [this, who, epoch = save.epoch, incarnation = pod.incarnation, fails] {
    auto& owner = pods_[who];
    if (owner.incarnation != incarnation) return;
    owner.frozen = false;
    const auto now = now_ + owner.clock;
    if (fails) {
      feed(who, participant::SaveEnded{epoch, fail(Code::Internal, "the dump failed"), now});
      return;
    }
    owner.images[epoch] = {owner.application, false};
    protocol::LocalCheckpoint checkpoint{.epoch = epoch, .counters = counters_of(who, owner.application)};
    feed(who, participant::SaveEnded{epoch, std::move(checkpoint), now});
  });
}

void World::verify(std::size_t who, const participant::Verify& verify) {
  auto& pod = pods_[who];
  if (!verify.gate_stays) {
    close_gate(who, verify.hold, false);
    pod.noted.clear();
  }
  Status result;
  if (!pod.images.contains(verify.checkpoint)) result = fail(Code::NotFound, "no such checkpoint");
  if (choices_.chance(setting_.faults.failing_verify)) result = fail(Code::Corrupt, "a digest differs");
  after(Millis{5 + static_cast<long>(choices_.pick(20))},
        [this, who, epoch = verify.epoch, incarnation = pod.incarnation, result] {
          auto& owner = pods_[who];
          if (owner.incarnation == incarnation) feed(who, participant::PrepareEnded{epoch, result, now_ + owner.clock});
        });
}

void World::end_all(std::size_t who, const participant::EndAll& end_all) {
  auto& pod = pods_[who];
  close_gate(who, std::nullopt, true);
  if (pod.noted.empty())
    for (const auto& [peer, stream] : pod.application) pod.noted[peer] = received(stream);
  pod.down = true;
  job(end_all.epoch)->put_back.insert(who);
  Status result;
  if (choices_.chance(setting_.faults.failing_restore)) result = fail(Code::Internal, "the processes do not end");
  after(Millis{1 + static_cast<long>(choices_.pick(10))},
        [this, who, epoch = end_all.epoch, incarnation = pod.incarnation, result] {
          auto& owner = pods_[who];
          if (owner.incarnation == incarnation) feed(who, participant::StopEnded{epoch, result, now_ + owner.clock});
        });
}

void World::put_back(std::size_t who, const participant::PutBack& put_back) {
  auto& pod = pods_[who];
  const bool fails = choices_.chance(setting_.faults.failing_restore);
  const auto duration =
      Millis{20 + static_cast<long>(choices_.pick(100))} + (choices_.chance(setting_.faults.late) ? 200ms : 0ms);
  after(duration, [this, who, put_back, incarnation = pod.incarnation, fails] {
    auto& owner = pods_[who];
    if (owner.incarnation != incarnation) return;
    const auto now = now_ + owner.clock;
    if (fails) {
      feed(who, participant::RestoreEnded{put_back.epoch, fail(Code::Internal, "the restore failed"), now});
      return;
    }
    owner.application = owner.images.at(put_back.checkpoint).application;
    for (auto& [peer, stream] : owner.application) {
      const auto shift = std::ranges::find(put_back.shifts, connection_of(who, peer), &protocol::Shift::connection);
      if (shift == put_back.shifts.end()) continue;
      stream.sent_shift = static_cast<std::int32_t>(shift->sent);
      stream.received_shift = static_cast<std::int32_t>(shift->received);
    }
    owner.down = false;
    owner.restored_by = put_back.epoch;
    feed(who, participant::RestoreEnded{put_back.epoch, protocol::Timings{}, now});
  });
}

void World::wake(std::size_t who) {
  auto& pod = pods_[who];
  const auto at = participant::wake(pod.state);
  if (!at) return;
  const auto delay = std::chrono::ceil<Millis>(*at - pod.clock - now_);
  after(std::max(delay, 0ms), [this, who, epoch = pod.state.epoch, incarnation = pod.incarnation] {
    auto& owner = pods_[who];
    if (owner.incarnation != incarnation || owner.state.epoch != epoch || !participant::wake(owner.state)) return;
    feed(who, participant::Tick{now_ + owner.clock});
  });
}

// The sidecar ends and starts again. The kernel keeps the gate, but not what its listener had queued.
void World::die(std::size_t who) {
  auto& pod = pods_[who];
  if (pod.gone) return;
  ++pod.incarnation;
  pod.frozen = false;
  pod.gate.in.clear();
  pod.gate.out.clear();
  pod.state = participant::revive(pod.disk);
  demand(pod.state.epoch >= pod.highest, "a restart brings an old epoch back");
  wake(who);
}

// ---- the kernel -----------------------------------------------------------------------------------------------------

void World::close_gate(std::size_t who, std::optional<Millis> hold, bool drop) {
  auto& gate = pods_[who].gate;
  gate.closed = true;
  gate.drop = drop;
  const auto serial = ++gate.serial;
  if (drop) {
    gate.in.clear();
    gate.out.clear();
  }
  gate.deadline.reset();
  if (!hold) return;
  gate.deadline = now_ + *hold;
  // As inexact as the margin allows.
  const auto inexact = Millis{static_cast<long>(noise_() % static_cast<unsigned long>(2 * kMargin.count()))} - kMargin;
  after(*hold + inexact, [this, who, serial] {
    if (pods_[who].gate.closed && pods_[who].gate.serial == serial) open_gate(who);
  });
}

void World::open_gate(std::size_t who) {
  auto& gate = pods_[who].gate;
  const auto in = std::exchange(gate.in, {});
  const auto out = std::exchange(gate.out, {});
  gate = Gate{.serial = gate.serial + 1};
  for (const auto& segment : out) send(segment);
  for (const auto& segment : in) arrive(segment);
}

void World::send(Segment segment) {
  auto& gate = pods_[segment.from].gate;
  if (gate.closed) {
    if (!gate.drop) gate.out.push_back(std::move(segment));
    return;
  }
  if (!in_window(segment)) return;
  if (noise_() % 20 == 0) return;  // lost; TCP sends it again
  const auto delay = Millis{1 + static_cast<long>(noise_() % static_cast<unsigned long>(kSegmentLife.count()))};
  after(delay, [this, segment = std::move(segment)] { arrive(segment); });
}

// The node that the segment passes.
bool World::in_window(const Segment& segment) {
  auto& sender = node_[{segment.from, segment.to}];
  auto& receiver = node_[{segment.to, segment.from}];
  const auto end = segment.number + static_cast<std::int64_t>(segment.ids.size());
  const bool fits = segment.number <= sender.edge && end >= sender.end - kWindow && segment.ack <= receiver.end &&
                    segment.ack >= receiver.end - kWindow;
  if (!fits) return false;
  sender.end = std::max(sender.end, end);
  receiver.edge = std::max(receiver.edge, segment.ack + kWindow);
  return true;
}

void World::arrive(const Segment& segment) {
  auto& pod = pods_[segment.to];
  if (pod.gone || pods_[segment.from].gone) return;
  if (pod.gate.closed) {
    if (!pod.gate.drop) pod.gate.in.push_back(segment);
    return;
  }
  if (pod.down) return;
  auto& stream = pod.application[segment.from];
  const auto acked = segment.ack - stream.sent_shift;
  demand(acked <= static_cast<std::int64_t>(stream.sent.size()), "an acknowledgement of what this history never sent");
  if (acked > 0) stream.acked = std::max(stream.acked, static_cast<std::uint64_t>(acked));
  for (std::size_t k = 0; k < segment.ids.size(); ++k) {
    const auto at = segment.number + static_cast<std::int64_t>(k) - stream.received_shift;
    const auto next = static_cast<std::int64_t>(stream.received.size());
    if (at > next) return;  // a gap: sent again later
    if (at == next) {
      stream.received.push_back(segment.ids[k]);
    } else if (at >= 0) {
      demand(stream.received[static_cast<std::size_t>(at)] == segment.ids[k], "bytes of another history arrive");
    }
  }
}

// ---- the application ------------------------------------------------------------------------------------------------

void World::talk(std::size_t who) {
  auto& pod = pods_[who];
  if (pod.gone) return;
  after(choices_.left() ? 2ms : 9ms, [this, who] { talk(who); });
  if (pod.frozen || pod.down) return;
  auto peer = noise_() % (pods_.size() - 1);
  if (peer >= who) ++peer;
  auto& stream = pod.application[peer];
  for (auto count = noise_() % 4; count > 0; --count) stream.sent.push_back(++bytes_);
  // From what is not acknowledged: new bytes, and old ones again.
  const auto first = static_cast<std::int64_t>(stream.acked);
  const auto end = std::min(static_cast<std::int64_t>(stream.sent.size()), first + kWindow);
  Segment segment{who, peer, first + stream.sent_shift, {}, received(stream)};
  segment.ids.assign(stream.sent.begin() + first, stream.sent.begin() + end);
  send(std::move(segment));
}

}  // namespace cutline::simulation
