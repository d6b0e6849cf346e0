// The rollback cascade itself, on numbers alone: pods are 0, 1, ...; the states that a pod can go back to are its
// points 0, 1, ..., the later the higher; 0 is the start.
//
// All that one pod's state can ask of another's is said in channels. A channel leads from pod X to pod Y:
//   Y at y is possible only together with X at x such that need(y) <= provide(x).
// An orphan is one: X sends, Y receives, need = bytes received, provide = bytes sent. A loss is one: X receives, Y
// sends, need = bytes acknowledged, provide = bytes received. Neither may fall as its pod's points grow. Then X's going
// back can only make Y go back, one pod at a time is the reason (no rule asks for two at once), and whatever the order
// of the steps they end at the same line: the latest one that is possible, in every pod.
//
// Layout: for each point of a pod one row with the values of all its channels, so that a step reads one row from start
// to end. A pod's row is read at most once per point, a `need` once more for each step that its pod goes back: linear
// in the number of counters, and what no cascade reaches is never read.
//
// Pure. `Dependencies` is read only while settling: any number of threads may share it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace cutline::protocol {

class Dependencies {
 public:
  struct Channel {
    std::uint32_t from = 0;              // X
    std::uint32_t to = 0;                // Y
    std::vector<std::uint64_t> provide;  // for each point of X
    std::vector<std::uint64_t>
        need;  // for each point of Y; need[0] is not looked at: nobody asks anything at the start
  };

  // `points[p]`: how many pod p has, the start included. Channels are known by their index in `channels` afterwards.
  Dependencies(std::vector<std::uint32_t> points, const std::vector<Channel>& channels);

  [[nodiscard]] std::size_t counters() const { return provide_.size() + need_.size(); }
  [[nodiscard]] std::span<const std::uint64_t> provided() const { return provide_; }  // all rows, one after the other
  [[nodiscard]] std::span<const std::uint64_t> needed() const { return need_; }

  struct Fall {  // one move back
    std::uint32_t pod = 0, from = 0, to = 0;
    std::uint32_t cause = 0, cause_at = 0;  // the pod whose state asked for it, and which one that was
    std::uint32_t channel = 0;              // the one that decided how far
    std::uint32_t round = 0;                // 1: because of where the pods began; 2: because of what happened in 1; ...
  };
  struct Settled {
    std::vector<std::uint32_t> at;  // the line
    std::vector<Fall> falls;        // in order
    std::optional<std::uint32_t>
        no_line;  // this pod found no possible point from `lowest` up; `at` is where the cascade stopped
  };
  // Each pod begins at `at`. Those that `moved` are not in their present state, so that others may have to follow;
  // between two that are nothing is asked.
  [[nodiscard]] Settled settle(std::vector<std::uint32_t> at, const std::vector<bool>& moved,
                               std::uint32_t lowest) const;

 private:
  [[nodiscard]] const std::uint64_t* need_row(std::uint32_t pod, std::uint32_t point) const {
    return need_.data() + need_begin_[pod] + std::size_t{point} * in_degree_[pod];
  }

  struct Out {
    std::uint32_t to, slot;
  };  // a channel at its beginning: where it leads, and its place in the rows there
  std::vector<std::size_t> out_begin_;  // per pod, into out_ and names_; one more at the end
  std::vector<Out> out_;
  std::vector<std::uint32_t> names_;  // the caller's index
  std::vector<std::size_t> provide_begin_, need_begin_;
  std::vector<std::uint32_t> in_degree_;
  std::vector<std::uint64_t> provide_, need_;
};

}  // namespace cutline::protocol
