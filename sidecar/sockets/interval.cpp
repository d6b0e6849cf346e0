#include "sidecar/sockets/interval.hpp"

namespace cutline::sockets {

bool ClosedTable::add(const protocol::Counters& row) {
  const protocol::Connection tuple{row.local, row.remote};
  auto found = sums_.find(tuple);
  if (found == sums_.end()) {
    if (sums_.size() >= kMost) return false;
    found = sums_.emplace(tuple, protocol::Counters{row.local, row.remote, 0, 0, 0}).first;
  }
  found->second.acked += row.acked;
  found->second.sent += row.sent;
  found->second.received += row.received;
  return true;
}

bool ClosedTable::add(const protocol::CounterTable& rows) {
  bool all = true;
  for (const auto& row : rows) all = add(row) && all;
  return all;
}

protocol::CounterTable ClosedTable::rows() const {
  protocol::CounterTable out;
  out.reserve(sums_.size());
  for (const auto& [tuple, row] : sums_) out.push_back(row);
  return out;
}

void Interval::join(Part& part, const protocol::CounterTable& rows, bool observed) {
  const bool all = part.closed.add(rows);
  part.observed = part.observed && observed && all;
}

void Interval::closed(const protocol::Counters& row) {
  if (!after_.closed.add(row)) missed();
}

Interval::Told Interval::told() const {
  auto all = before_;
  join(all, after_.closed.rows(), after_.observed);
  return {parent_, all.closed.rows(), all.observed};
}

Interval::Told Interval::cut(Epoch checkpoint) {
  join(before_, after_.closed.rows(), after_.observed);
  after_ = {};
  cut_ = checkpoint;
  cut_unknown_ = false;
  return {parent_, before_.closed.rows(), before_.observed};
}

bool Interval::keep(Epoch checkpoint, CheckpointIndex index, CheckpointIndex parent) {
  const bool blind = cut_unknown_ && parent == parent_;
  if (cut_ != checkpoint && !blind) return false;
  before_ = {{}, cut_ == checkpoint};
  cut_.reset();
  cut_unknown_ = false;
  parent_ = index;
  return true;
}

void Interval::precede(const Told& interval) {
  parent_ = interval.parent;
  join(before_, interval.closed, interval.observed);
}

}  // namespace cutline::sockets
