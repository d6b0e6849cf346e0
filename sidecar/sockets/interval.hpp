// "What a pod does between two of its checkpoints", as far as connections tell: which have closed since the last
// checkpoint that counts, with the final counters of each, and whether all of them were seen.
//
// A tuple that is used again and again has a row for each use, in their order: the recovery line tells uses apart, for
// what one of them sent and nobody received must not stand in for what the next one sends. A checkpoint cuts here, and
// the next interval begins only when the checkpoint is kept: what closed before an attempt that came to nothing is told
// again by the next. Pure values; not thread-safe.
#pragma once

#include "base/ids.hpp"
#include "protocol/counters.hpp"

namespace cutline::sockets {

// Closed connections with their final counters, by tuple, and of each tuple in the order of its uses. Bounded.
class ClosedTable {
 public:
  static constexpr std::size_t kMost = 65'536;
  // false: there is no room for another one.
  [[nodiscard]] bool add(const protocol::Counters& row);
  [[nodiscard]] bool add(const protocol::CounterTable& rows);
  // What closed before all that is here.
  [[nodiscard]] bool precede(const protocol::CounterTable& rows);
  [[nodiscard]] protocol::CounterTable rows() const;
  [[nodiscard]] bool empty() const { return size_ == 0; }

 private:
  std::map<protocol::Connection, protocol::CounterTable> uses_;
  std::size_t size_ = 0;
};

class Interval {
 public:
  // `observed`: from its beginning.
  Interval(CheckpointIndex parent, bool observed) : parent_(parent), before_{{}, observed}, cut_unknown_(!observed) {}

  void closed(const protocol::Counters& row);
  void missed() { after_.observed = false; }

  struct Told {
    CheckpointIndex parent;  // where it began
    protocol::CounterTable closed;
    bool observed;
  };
  // Up to now. cut(): and a checkpoint is taken here.
  [[nodiscard]] Told told() const;
  [[nodiscard]] Told cut(Epoch checkpoint);
  // The checkpoint is kept: the next interval began at its cut. false: another has been taken since, and nothing
  // changes. In an interval that began before this process did, the cut may have been made before too: then it fits if
  // it has the same parent.
  [[nodiscard]] bool keep(Epoch checkpoint, CheckpointIndex index, CheckpointIndex parent);
  // The checkpoint at which this interval began is needed no more: the interval before is a part of this one.
  void precede(const Told& interval);

  [[nodiscard]] CheckpointIndex parent() const { return parent_; }

 private:
  struct Part {
    ClosedTable closed;
    bool observed = true;
  };
  static void join(Part& part, const protocol::CounterTable& rows, bool observed);

  CheckpointIndex parent_;
  Part before_;  // the last cut
  Part after_;
  std::optional<Epoch> cut_;
  bool cut_unknown_;
};

}  // namespace cutline::sockets
