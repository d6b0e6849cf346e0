#include "sidecar/sockets/interval.hpp"

namespace cutline::sockets {

bool ClosedTable::add(const protocol::Counters& row) {
  if (size_ >= kMost) return false;
  uses_[{row.local, row.remote}].push_back(row);
  ++size_;
  return true;
}

bool ClosedTable::add(const protocol::CounterTable& rows) {
  bool all = true;
  for (const auto& row : rows) all = add(row) && all;
  return all;
}

bool ClosedTable::precede(const protocol::CounterTable& rows) {
  ClosedTable out;
  bool all = out.add(rows);
  all = out.add(this->rows()) && all;
  *this = std::move(out);
  return all;
}

protocol::CounterTable ClosedTable::rows() const {
  protocol::CounterTable out;
  out.reserve(size_);
  for (const auto& [tuple, rows] : uses_) out.insert(out.end(), rows.begin(), rows.end());
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
  const bool all = before_.closed.precede(interval.closed);
  before_.observed = before_.observed && interval.observed && all;
}

}  // namespace cutline::sockets
