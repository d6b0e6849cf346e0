#include "sidecar/sockets/tracker.hpp"

namespace cutline::sockets {

Tracker::Tracker(Bases bases, std::unique_ptr<Closings> closings, TrackerOptions options)
    : bases_(std::move(bases)),
      closings_(std::move(closings)),
      spare_(options.spare),
      interval_(options.parent, options.from_the_beginning) {}

void Tracker::take() {
  if (!closings_) {
    interval_.missed();
    bases_.forget_gone();
    return;
  }
  const auto taken = closings_->take();
  for (const auto& socket : taken.gone) {
    if (socket.local.port == spare_) continue;
    const auto [counters, exact] = bases_.final_of(socket);
    if (counters) interval_.closed(*counters);
    if (!exact) interval_.missed();
  }
  if (taken.complete) return;
  interval_.missed();
  bases_.forget_gone();
}

void Tracker::look(const Sockets& live) {
  const std::scoped_lock lock{mutex_};
  bases_.listen(live);
  take();
  bases_.observe(live);
  if (bases_.give_up()) interval_.missed();
}

protocol::CounterTable Tracker::counters(const Sockets& live) {
  const std::scoped_lock lock{mutex_};
  bases_.listen(live);
  take();
  auto out = bases_.absolute(live);
  std::erase_if(out, [&](const auto& row) { return row.local.port == spare_; });
  return out;
}

protocol::FlowTable Tracker::flows(const protocol::FlowTable& live) const {
  const std::scoped_lock lock{mutex_};
  return bases_.absolute(live);
}

Interval::Told Tracker::told() {
  const std::scoped_lock lock{mutex_};
  take();
  return interval_.told();
}

Interval::Told Tracker::cut(Epoch checkpoint) {
  const std::scoped_lock lock{mutex_};
  take();
  if (bases_.gone() > 0) interval_.missed();
  return interval_.cut(checkpoint);
}

bool Tracker::keep(Epoch checkpoint, CheckpointIndex index, CheckpointIndex parent) {
  const std::scoped_lock lock{mutex_};
  return interval_.keep(checkpoint, index, parent);
}

void Tracker::precede(const Interval::Told& interval) {
  const std::scoped_lock lock{mutex_};
  interval_.precede(interval);
}

CheckpointIndex Tracker::parent() const {
  const std::scoped_lock lock{mutex_};
  return interval_.parent();
}

void Tracker::ending(const Sockets& live) {
  const std::scoped_lock lock{mutex_};
  bases_.end(live);
}

protocol::CounterTable Tracker::restored(const protocol::LocalCheckpoint& checkpoint, const Sockets& live,
                                         const protocol::FlowTable& flows, Bases::Offsets offsets) {
  const std::scoped_lock lock{mutex_};
  take();  // of what was ended for the restore, to forget it
  interval_ = Interval{checkpoint.index, true};
  bases_.rebase(checkpoint.flows, flows);
  return bases_.rebase(checkpoint.counters, live, std::move(offsets));
}

Bases::Numbers Tracker::numbers(const Sockets& live) {
  const std::scoped_lock lock{mutex_};
  bases_.listen(live);
  take();
  return bases_.numbers(live);
}

Bases::Offsets Tracker::offsets(const protocol::CounterTable& connections) const {
  const std::scoped_lock lock{mutex_};
  Bases::Offsets out;
  for (const auto& row : connections) out[{row.local, row.remote}] = bases_.offset_of({row.local, row.remote});
  return out;
}

std::string Tracker::bases_json() const {
  const std::scoped_lock lock{mutex_};
  return bases_.to_json();
}

}  // namespace cutline::sockets
