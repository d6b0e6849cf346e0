#include "operator/repository/keeping.hpp"

namespace cutline::op::repository {
namespace {

constexpr Millis kBetweenClearings{30'000};
constexpr int kTenth = 10;
constexpr Millis kAfterFailure{30'000};  // uploads have it meanwhile

}  // namespace

void Keeping::listen(std::function<void(const kube::Key&)> bell) {
  const std::scoped_lock lock{mutex_};
  bell_ = bell ? std::move(bell) : [](const kube::Key&) {};
}

bool Keeping::begins(const kube::Key& repository, const std::string& snapshot_uid) {
  const std::scoped_lock lock{mutex_};
  auto& turns = places_[repository].turns;
  if (!turns.may_begin(now())) return false;
  turns.uploads(snapshot_uid, now());
  return true;
}

void Keeping::uploads(const kube::Key& repository, const std::string& snapshot_uid) {
  const std::scoped_lock lock{mutex_};
  places_[repository].turns.uploads(snapshot_uid, now());
}

void Keeping::ended(const std::string& snapshot_uid) {
  const std::scoped_lock lock{mutex_};
  for (auto& [key, place] : places_) place.turns.ended(snapshot_uid);
}

std::optional<Millis> Keeping::must_wait(const std::string& snapshot_uid) const {
  const std::scoped_lock lock{mutex_};
  const auto found = next_.find(snapshot_uid);
  if (found == next_.end() || found->second.passed()) return std::nullopt;
  return found->second.left();
}

void Keeping::look_again(const std::string& snapshot_uid, std::optional<Millis> wait) {
  const std::scoped_lock lock{mutex_};
  if (wait) {
    next_.insert_or_assign(snapshot_uid, Deadline::after(*wait));
    return;
  }
  next_.erase(snapshot_uid);
  for (auto& [key, place] : places_) place.turns.ended(snapshot_uid);
}

void Keeping::forget(const kube::Key& repository, const kube::Json& snapshot) {
  const std::scoped_lock lock{mutex_};
  if (places_[repository].forgetting.try_emplace(kube::uid_of(snapshot), Forgetting{snapshot, {}}).second)
    bell_(repository);
}

std::optional<cutline::Status> Keeping::forgotten(const kube::Key& repository, const std::string& snapshot_uid) {
  const std::scoped_lock lock{mutex_};
  auto& all = places_[repository].forgetting;
  const auto found = all.find(snapshot_uid);
  if (found == all.end() || !found->second.outcome) return std::nullopt;
  auto outcome = *found->second.outcome;
  if (outcome) all.erase(found);
  return outcome;
}

void Keeping::let_go(const kube::Key& repository, const std::string& snapshot_uid) {
  const std::scoped_lock lock{mutex_};
  auto& all = places_[repository].forgetting;
  if (const auto found = all.find(snapshot_uid); found != all.end()) found->second.awaited = false;
}

std::vector<kube::Json> Keeping::to_forget(const kube::Key& repository) const {
  const std::scoped_lock lock{mutex_};
  std::vector<kube::Json> out;
  if (const auto* place = find(repository); place != nullptr && now() >= place->try_after)
    for (const auto& [uid, one] : place->forgetting)
      if (!one.outcome || !*one.outcome) out.push_back(one.snapshot);
  return out;
}

void Keeping::tried(const kube::Key& repository, const std::vector<kube::Json>& snapshots,
                    const cutline::Status& outcome) {
  const std::scoped_lock lock{mutex_};
  auto& place = places_[repository];
  if (!outcome) place.try_after = now() + kAfterFailure;
  auto& all = place.forgetting;
  for (const auto& snapshot : snapshots) {
    const auto found = all.find(kube::uid_of(snapshot));
    if (found == all.end()) continue;
    found->second.outcome = outcome;
    if (outcome && !found->second.awaited) all.erase(found);
  }
}

bool Keeping::take_turn(const kube::Key& repository) {
  const std::scoped_lock lock{mutex_};
  return places_[repository].turns.take(now());
}

void Keeping::give_back(const kube::Key& repository) {
  const std::scoped_lock lock{mutex_};
  places_[repository].turns.give_back();
}

void Keeping::leaves_waste(const kube::Key& repository) {
  const std::scoped_lock lock{mutex_};
  places_[repository].waste = true;
}

bool Keeping::waste_is_due(const kube::Key& repository) const {
  const std::scoped_lock lock{mutex_};
  const auto* place = find(repository);
  return place != nullptr && place->waste && !place->reading && now() >= place->clear_after;
}

void Keeping::cleared(const kube::Key& repository, Millis took) {
  const std::scoped_lock lock{mutex_};
  auto& place = places_[repository];
  place.waste = false;
  place.clear_after = now() + std::max(kBetweenClearings, kTenth * took);
}

void Keeping::reads(const kube::Key& repository, bool begins) {
  const std::scoped_lock lock{mutex_};
  places_[repository].reading = begins;
}

void Keeping::changed(const kube::Key& repository) {
  const std::scoped_lock lock{mutex_};
  places_[repository].changed = true;
}

bool Keeping::take_change(const kube::Key& repository) {
  const std::scoped_lock lock{mutex_};
  return std::exchange(places_[repository].changed, false);
}

bool Keeping::look_is_due(const kube::Key& repository) const {
  const std::scoped_lock lock{mutex_};
  const auto* place = find(repository);
  return place == nullptr || now() >= place->look_after;
}

void Keeping::looked(const kube::Key& repository, Millis again) {
  const std::scoped_lock lock{mutex_};
  places_[repository].look_after = now() + again;
}

}  // namespace cutline::op::repository
