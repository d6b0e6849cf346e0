#include "sidecar/rounds/history.hpp"

#include "base/log.hpp"

namespace cutline::sidecar {

Result<History> History::open(const store::Store& store) {
  auto lineage = store::load_lineage(store.root());
  if (!lineage) return tl::unexpected(lineage.error());
  const bool fresh = !lineage->has_value();
  History out{store, lineage->value_or(store::Lineage{}), fresh};
  if (auto read = out.read(); !read) return tl::unexpected(read.error());
  if (auto saved = out.save(); !saved) return forward(saved, "lineage");
  return out;
}

Status History::read() {
  auto all = store_->list();
  if (!all) return tl::unexpected(all.error());
  for (auto& [epoch, stored] : *all) {
    if (!stored) {
      log::error("a checkpoint cannot be read", {{"epoch", epoch}, {"error", stored.error()}});
    } else if (stored->committed) {
      const auto index = stored->manifest.checkpoint.index;
      const auto names = lineage_.names.find(index);
      checkpoints_.emplace(index, names == lineage_.names.end()
                                      ? std::move(stored->manifest.checkpoint)
                                      : names->second(std::move(stored->manifest.checkpoint)));
    } else if (protocol::is_own(epoch)) {
      if (auto gone = store_->discard(epoch); !gone) return gone;
    }
  }
  std::erase_if(lineage_.parents, [&](const auto& known) { return !checkpoints_.contains(known.first); });
  std::erase_if(lineage_.inherited, [&](const auto& known) { return !checkpoints_.contains(known.first); });
  std::erase_if(lineage_.names, [&](const auto& known) { return !checkpoints_.contains(known.first); });
  // The sidecar ended after it had committed one, and before it wrote that down.
  for (const auto& [index, checkpoint] : checkpoints_) {
    if (!lineage_.parents.emplace(index, checkpoint.parent).second) continue;
    if (checkpoint.parent == lineage_.present && index > lineage_.present) lineage_.present = index;
  }
  return {};
}

Status History::kept(Epoch epoch, sockets::Tracker& tracker) {
  if (find(epoch)) return {};  // said again
  auto stored = store_->load(epoch);
  if (!stored) return tl::unexpected(stored.error());
  auto& checkpoint = stored->manifest.checkpoint;
  const auto index = checkpoint.index;
  // Its parent may have been collected meanwhile.
  const auto parent = tracker.parent();
  const bool leads_here = tracker.keep(epoch, index, checkpoint.parent);
  lineage_.parents[index] = leads_here ? parent : checkpoint.parent;
  if (leads_here && parent != checkpoint.parent) lineage_.inherited[index] = {{}, false};
  if (leads_here) lineage_.present = index;
  checkpoints_.insert_or_assign(index, std::move(checkpoint));
  return save();
}

// Its place in the lineage BEFORE its folder: one that is found without is taken for the latest.
Status History::adopt(store::Draft& draft, const store::Stored& stored) {
  auto checkpoint = stored.manifest.checkpoint;
  auto index = checkpoint.index;
  if (const auto known = checkpoints_.find(index);
      known != checkpoints_.end() && known->second.epoch != draft.epoch()) {
    const auto next = store_->next_index();
    if (!next) return tl::unexpected(next.error());
    index = *next;
  }
  checkpoint.index = index;
  lineage_.parents[index] = CheckpointIndex{};
  lineage_.inherited[index] = {{}, false};  // what its pod did before is not known here
  if (auto saved = save(); !saved) return saved;
  if (auto adopted = store_->adopt(draft, index); !adopted) return adopted;
  checkpoints_.insert_or_assign(index, std::move(checkpoint));
  return {};
}

Status History::went_back(const sockets::Tracker& tracker, const protocol::Readdressing& names) {
  lineage_.present = tracker.parent();
  const auto before = lineage_.names.find(lineage_.present);
  const auto step = protocol::Readdressing::between(
      before == lineage_.names.end() ? protocol::Readdressing{} : before->second, names);
  if (step.empty()) return save();
  for (auto& [index, checkpoint] : checkpoints_) {
    checkpoint = step(std::move(checkpoint));
    lineage_.names[index] = lineage_.names[index].then(step);
  }
  for (auto& [index, inherited] : lineage_.inherited) inherited.closed = step(std::move(inherited.closed));
  return save();
}

sockets::Interval::Told History::interval_of(const protocol::LocalCheckpoint& checkpoint) const {
  const auto parent = lineage_.parents.find(checkpoint.index);
  sockets::Interval out{parent != lineage_.parents.end() ? parent->second : checkpoint.parent, checkpoint.observed};
  const auto begun = out.parent();
  out.precede({begun, checkpoint.closed, true});
  if (const auto more = lineage_.inherited.find(checkpoint.index); more != lineage_.inherited.end())
    out.precede({begun, more->second.closed, more->second.observed});
  return out.told();
}

Status History::forget(Epoch epoch, sockets::Tracker& tracker) {
  const auto* checkpoint = find(epoch);
  if (!checkpoint) return store_->discard(epoch);
  const auto index = checkpoint->index;
  const auto interval = interval_of(*checkpoint);
  for (auto& [child, parent] : lineage_.parents) {
    if (parent != index) continue;
    parent = interval.parent;
    auto& inherited = lineage_.inherited[child];
    sockets::Interval joined{interval.parent, inherited.observed};
    joined.precede({interval.parent, std::move(inherited.closed), true});
    joined.precede(interval);
    auto told = joined.told();
    inherited = {std::move(told.closed), told.observed};
  }
  lineage_.parents.erase(index);
  lineage_.inherited.erase(index);
  lineage_.names.erase(index);
  if (lineage_.present == index) {
    lineage_.present = interval.parent;
    tracker.precede(interval);
  }
  checkpoints_.erase(index);
  if (auto saved = save(); !saved) return saved;
  return store_->discard(epoch);
}

std::vector<protocol::LocalCheckpoint> History::chain(std::uint32_t last) const {
  auto indices = store::chain(lineage_, lineage_.present);
  if (last != 0 && indices.size() > last) indices.erase(indices.begin(), indices.end() - last);
  std::vector<protocol::LocalCheckpoint> out;
  for (const auto index : indices) {
    out.push_back(checkpoints_.at(index));
    auto [parent, closed, observed] = interval_of(out.back());
    out.back().parent = parent;
    out.back().closed = std::move(closed);
    out.back().observed = observed;
  }
  return out;
}

std::vector<Epoch> History::own() const {
  std::vector<Epoch> out;
  for (const auto& [index, checkpoint] : checkpoints_)
    if (protocol::is_own(checkpoint.epoch)) out.push_back(checkpoint.epoch);
  return out;
}

protocol::Readdressing History::names(Epoch epoch) const {
  const auto* checkpoint = find(epoch);
  const auto found = checkpoint == nullptr ? lineage_.names.end() : lineage_.names.find(checkpoint->index);
  return found == lineage_.names.end() ? protocol::Readdressing{} : found->second;
}

const protocol::LocalCheckpoint* History::find(Epoch epoch) const {
  for (const auto& [index, checkpoint] : checkpoints_)
    if (checkpoint.epoch == epoch) return &checkpoint;
  return nullptr;
}

}  // namespace cutline::sidecar
