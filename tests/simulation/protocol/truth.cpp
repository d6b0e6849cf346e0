// What must never happen in the simulated world, and what must have happened at its end.
#include <fmt/format.h>

#include <algorithm>

#include "base/overloaded.hpp"
#include "protocol/proof.hpp"
#include "world.hpp"

namespace cutline::simulation {

namespace participant = protocol::participant;

void World::demand(bool holds, const std::string& what) {
  if (holds) return;
  const auto age = std::chrono::duration_cast<Millis>(now_ - Instant{} - std::chrono::hours{1});
  violations_.push_back(fmt::format("step {}, {} ms: {}", steps_, age.count(), what));
}

// "Persist before send."
void World::check_send(const Job& job, const protocol::Command& command) {
  const auto stage = job.stage;
  const auto forward = stage == Stage::Irrevocable || stage == Stage::Committed || stage == Stage::Held;
  std::visit(
      overloaded{
          [&](const protocol::Request&) {
            demand(stage != Stage::None, "a request left before its epoch was reserved");
          },
          [&](const protocol::Prepare&) {
            demand(stage != Stage::None, "a prepare left before its epoch was reserved");
          },
          [&](const protocol::Done&) { demand(stage == Stage::Committed, "done left before the commit was durable"); },
          [&](const protocol::Release&) {
            demand(stage == Stage::Committed, "release left before the commit was durable");
          },
          [&](const protocol::Stop&) { demand(forward, "stop left before the rollback was irrevocable"); },
          [&](const protocol::Restore&) { demand(forward, "restore left before the rollback was irrevocable"); },
          [&](const protocol::Abort&) { demand(!forward, "an abort left although there was no way back"); },
          [](const auto&) {},
      },
      command);
}

void World::check_landed(const Job& job) {
  if (job.stage == Stage::Irrevocable || job.stage == Stage::Committed) {
    demand(!job.abort_sent, "a round went forward that somebody had been told to abort");
  }
  if (job.stage == Stage::Failed)
    demand(job.put_back.empty(), "a rollback that touched a pod says that it touched none");
  if (job.stage != Stage::Committed) return;
  if (!job.rollback) return check_cut(job);
  for (const auto i : job.members) {
    demand(pods_[i].gone || pods_[i].restored_by == job.epoch, fmt::format("committed, but pod {} is not restored", i));
  }
}

// A committed cut: complete, by the paper's definition consistent, and the counters say the same.
void World::check_cut(const Job& job) {
  std::vector<protocol::Member> members;
  for (const auto i : job.members) {
    const auto image = pods_[i].images.find(job.epoch);
    if (image == pods_[i].images.end())
      return demand(false, fmt::format("committed without a checkpoint of pod {}", i));
    members.push_back({pods_[i].uid, {address_of(i)}, counters_of(i, image->second.application)});
  }
  for (const auto sender : job.members) {
    for (const auto receiver : job.members) {
      if (sender == receiver) continue;
      const auto& there = pods_[sender].images.at(job.epoch).application.at(receiver);
      const auto& here = pods_[receiver].images.at(job.epoch).application.at(sender);
      const auto wrong = contradiction(there, here);
      demand(wrong.empty(),
             fmt::format("cut {}, from pod {} to pod {}: {}", value(job.epoch), sender, receiver, wrong));
      if (wrong.empty()) in_transit_ += there.sent.size() - here.received.size();
    }
  }
  const auto proof = protocol::prove(members);
  demand(proof.consistent(), "the proof refutes a cut that was committed");
  demand(proof.connections == members.size() * (members.size() - 1) / 2, "the proof has overlooked a connection");
}

std::set<std::size_t> World::living_of(const Job& job) const {
  auto out = job.members;
  std::erase_if(out, [&](std::size_t who) { return pods_[who].gone; });
  return out;
}

void World::check_effect(std::size_t who, const participant::Effect& effect) {
  auto& pod = pods_[who];
  const auto acts = [&](Epoch epoch) {
    demand(epoch > pod.highest, "a pod acts twice for one epoch, or for an old one");
    demand(pod.disk == participant::durable(pod.state), "a pod acts before its epoch is on its disk");
    pod.highest = epoch;
  };
  std::visit(overloaded{
                 [&](const participant::Save& e) { acts(e.epoch); },
                 [&](const participant::Verify& e) { acts(e.epoch); },
                 [&](const participant::EndAll& e) {
                   const auto stage = job(e.epoch)->stage;
                   demand(pod.disk == participant::durable(pod.state), "a pod is stopped before that is on its disk");
                   demand(stage != Stage::None && stage != Stage::Reserved && stage != Stage::Failed,
                          "a pod is stopped by a rollback that was not decided");
                 },
                 [&](const participant::PutBack& e) {
                   demand(std::ranges::includes(job(e.epoch)->put_back, living_of(*job(e.epoch))),
                          "a pod is put back before all are stopped");
                 },
                 [&](const participant::Discard& e) {
                   const auto* owner = job(e.checkpoint);
                   demand(!owner || owner->rollback || owner->stage != Stage::Committed,
                          "a committed checkpoint is thrown away");
                 },
                 [](const auto&) {},
             },
             effect);
}

// All or nothing, and nothing is held for longer than was said.
void World::check_gates() {
  for (std::size_t i = 0; i < pods_.size(); ++i) {
    const auto& pod = pods_[i];
    if (pod.gone) continue;
    if (pod.gate.closed && pod.gate.deadline)
      demand(now_ <= *pod.gate.deadline + kMargin, "a gate outlives its deadline");
    if (pod.gate.closed && !pod.gate.deadline)
      demand(pod.disk.restoring.has_value(), "a gate is closed for ever without a rollback");
    if (pod.gate.closed) continue;
    demand(!pod.down, "a gate is open before its pod is restored");
    if (!pod.restored_by) continue;
    for (const auto other : job(*pod.restored_by)->members) {
      const auto& member = pods_[other];
      demand(member.gone || member.restored_by >= pod.restored_by,
             fmt::format("pod {} is released while pod {} is not restored", i, other));
    }
  }
}

void World::check_end() {
  for (std::size_t i = 0; i < pods_.size(); ++i) {
    const auto& pod = pods_[i];
    if (pod.gone) continue;
    if (pod.disk.restoring && !line()) continue;  // held, and says so
    demand(!pod.gate.closed, fmt::format("all is over, and the gate of pod {} is closed", i));
    for (const auto& [peer, stream] : pod.application) {
      if (pods_[peer].gone || pods_[peer].disk.restoring) continue;
      const auto wrong = contradiction(stream, pods_[peer].application.at(i));
      demand(wrong.empty(), fmt::format("at the end, from pod {} to pod {}: {}", i, peer, wrong));
    }
    for (const auto& job : jobs_) {
      if (job->rollback || job->stage != Stage::Committed || !job->members.contains(i)) continue;
      const auto image = pod.images.find(job->epoch);
      demand(image != pod.images.end() && image->second.kept, "a committed checkpoint is not kept");
    }
  }
}

void World::check_that_all_goes_on(const std::vector<Pod>& before) {
  const auto held = [&](std::size_t who) { return pods_[who].gone || pods_[who].disk.restoring.has_value(); };
  for (std::size_t i = 0; i < pods_.size(); ++i)
    for (const auto& [peer, stream] : pods_[i].application) {
      if (held(i) || held(peer)) continue;
      demand(stream.acked > before[i].application.at(peer).acked,
             fmt::format("nothing passes from pod {} to pod {} any more", i, peer));
    }
}

}  // namespace cutline::simulation
