// When this pod takes a checkpoint by itself, and how many of them its disk is given. Independent checkpointing: "each
// process simply records its local state from time to time". Of one thread.
//
// The operator collects what no recovery line can need. While nobody does, two limits keep the disk: none begins when
// less is free than twice the last one's size or a twentieth of the file system, and of more than kMostOwn the oldest
// goes, first among those that do not lead to the present, never the one on which the present follows.
#pragma once

#include <random>

#include "protocol/pace.hpp"
#include "protocol/participant.hpp"
#include "sidecar/rounds/history.hpp"

namespace cutline::sidecar {

inline constexpr std::size_t kMostOwn = 64;

class OwnTime {
 public:
  OwnTime(const store::Store& store, History& history, sockets::Tracker& tracker)
      : store_(store), history_(history), tracker_(tracker) {}

  // Nothing: none from now on. The next one comes an interval from `now`, unless nothing has changed.
  void configure(const std::optional<protocol::Independent>& own, Instant now);
  [[nodiscard]] std::optional<Instant> next() const { return next_; }
  [[nodiscard]] bool is_due(Instant now) const { return next_ && now >= *next_; }
  // What to feed, if it is time; `needed`: checkpoints that a rollback holds. No room: nothing, and the next time is
  // later.
  [[nodiscard]] std::optional<protocol::participant::Due> due(const std::set<Epoch>& needed, Instant now);
  // How it ended; also whether it could be kept.
  void ended(const Status& result, Instant now);
  void start_again(Instant now) { plan(now); }  // after a rollback

 private:
  void plan(Instant now);
  [[nodiscard]] Status make_room(const std::set<Epoch>& needed);

  const store::Store& store_;
  History& history_;
  sockets::Tracker& tracker_;
  std::optional<protocol::Independent> own_;
  std::optional<Instant> next_;
  unsigned full_ = 0;  // times in a row
  std::mt19937_64 random_{std::random_device{}()};
};

}  // namespace cutline::sidecar
