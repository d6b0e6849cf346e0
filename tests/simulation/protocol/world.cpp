#include "world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

namespace cutline::simulation {

using namespace std::chrono_literals;

World::World(Setting setting, Choices choices)
    : setting_(std::move(setting)),
      choices_(std::move(choices)),
      noise_(static_cast<std::uint32_t>(choices_.pick(65536))) {
  now_ = Instant{} + 1h;
  for (std::size_t i = 0; i < setting_.pods; ++i) {
    Pod pod;
    pod.uid = {std::to_string(i)};
    pod.clock = Millis{1000 * static_cast<long>(i)};
    for (std::size_t peer = 0; peer < setting_.pods; ++peer) {
      if (peer != i) pod.application[peer];
    }
    pods_.push_back(std::move(pod));
  }
}

void World::after(Millis delay, std::function<void()> what) { agenda_.emplace(now_ + delay, std::move(what)); }

void World::next() {
  const auto first = agenda_.begin();
  now_ = std::max(now_, first->first);
  const auto what = std::move(first->second);
  agenda_.erase(first);
  ++steps_;
  what();
  check_gates();
}

void World::scripted_death() {
  const auto event = events_++;
  if (setting_.coordinator_dies_at == event) {
    for (auto& job : jobs_) {
      for (auto& coordinator : job->coordinators) coordinator->alive = false;
    }
  }
  if (setting_.sidecar_dies_at && setting_.sidecar_dies_at->first == event) die(setting_.sidecar_dies_at->second);
}

void World::run() {
  for (std::size_t i = 0; i < pods_.size(); ++i) talk(i);
  after(5ms, [this] { trouble(); });
  after(25ms, [this] { watch_over_jobs(); });
  while (violations_.empty() && (choices_.left() || scripted_ < setting_.rounds.size() || !quiet())) {
    next();
    demand(now_ < Instant{} + 3h, "the world never becomes quiet");
  }
  wind_up();
}

// All goes well from here on: every gate opens, and what was held by a failed rollback is put right by another one.
void World::wind_up() {
  const auto settle = [this](Millis span) {
    for (const auto until = now_ + span; violations_.empty() && (now_ < until || !quiet());) next();
  };
  // Longer than the latest message and then the longest gate.
  settle(setting_.faults.late > 0 ? 600ms : 200ms);
  const auto held = [this] {
    return !jobs_.empty() && std::ranges::any_of(pods_, [](const Pod& p) { return !p.gone && p.disk.restoring; });
  };
  for (int attempt = 0; attempt < 3 && violations_.empty() && held() && line(); ++attempt) {
    begin(true);
    settle(2s);
  }
  const auto before = pods_;
  settle(1s);
  if (violations_.empty()) check_end();
  if (violations_.empty()) check_that_all_goes_on(before);
}

bool World::quiet() const {
  return std::ranges::all_of(jobs_, [](const auto& job) { return job->closed; });
}

std::set<std::size_t> World::living() const {
  std::set<std::size_t> out;
  for (std::size_t i = 0; i < pods_.size(); ++i) {
    if (!pods_[i].gone) out.insert(i);
  }
  return out;
}

std::optional<Epoch> World::line() const {
  for (const auto& job : std::views::reverse(jobs_)) {
    if (!job->rollback && job->stage == Stage::Committed && std::ranges::includes(job->members, living()))
      return job->epoch;
  }
  return {};
}

void World::begin(bool rollback) {
  const auto checkpoint = line();
  const bool pending = std::ranges::any_of(jobs_, [](const auto& job) { return job->rollback && !job->closed; });
  if (rollback && (!checkpoint || pending)) return;
  auto& job = *jobs_.emplace_back(std::make_unique<Job>());
  job.epoch = Epoch{++epochs_};
  job.rollback = rollback;
  if (rollback) {
    job.members = living();
    begin_rollback(job, *checkpoint);
    return;
  }
  auto members = living();
  if (members.size() > 2 && choices_.chance(25))
    members.erase(std::next(members.begin(), static_cast<long>(choices_.pick(members.size()))));
  begin_round(job, std::move(members));
}

void World::begin_something() {
  if (scripted_ < setting_.rounds.size()) {
    if (quiet()) begin(setting_.rounds[scripted_++]);
  } else if (choices_.left() && (quiet() || choices_.chance(setting_.faults.overlap))) {
    begin(choices_.chance(35));
  }
}

void World::trouble() {
  after(7ms, [this] { trouble(); });
  const auto& faults = setting_.faults;
  if (!jobs_.empty() && !jobs_.back()->closed) {
    auto& job = *jobs_.back();
    if (choices_.chance(faults.coordinator_dies)) {
      for (auto& coordinator : job.coordinators) coordinator->alive = false;
    } else if (choices_.chance(faults.coordinator_usurped)) {
      recover(job);
    }
  }
  if (choices_.chance(faults.sidecar_dies)) die(choices_.pick(pods_.size()));
  if (living().size() > 2 && choices_.chance(faults.pod_leaves)) leave(choices_.pick(pods_.size()));
  begin_something();
}

std::size_t World::rounds(bool rollback, Stage stage) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(jobs_, [&](const auto& job) { return job->rollback == rollback && job->stage == stage; }));
}

}  // namespace cutline::simulation
