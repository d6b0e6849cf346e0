// A pod's kept checkpoints and their lineage: what a coordinator asks for to compute a recovery line, without touching
// the images.
//
// Everything is durable when a function returns. Of one thread.
#pragma once

#include "sidecar/sockets/tracker.hpp"
#include "sidecar/store/lineage.hpp"
#include "sidecar/store/store.hpp"

namespace cutline::sidecar {

class History {
 public:
  // Reads the kept checkpoints; collects own ones that were not kept when the sidecar ended. A store without lineage
  // gets one.
  [[nodiscard]] static Result<History> open(const store::Store& store);

  // Whether the pod was new when it was opened.
  [[nodiscard]] bool fresh() const { return fresh_; }
  [[nodiscard]] CheckpointIndex present() const { return lineage_.present; }

  // It is committed. It leads to the present unless another checkpoint has been taken, or gone back to, since: the
  // tracker knows.
  [[nodiscard]] Status kept(Epoch checkpoint, sockets::Tracker& tracker);
  // A draft that was checked becomes one of the pod's checkpoints, with the next number if its own is taken; it leads
  // nowhere until it is gone back to.
  [[nodiscard]] Status adopt(store::Draft& draft, const store::Stored& stored);
  // The tracker's interval begins at a checkpoint that was put back. `names`: how what it names is called from now on;
  // all checkpoints that are kept here are told by these names then.
  [[nodiscard]] Status went_back(const sockets::Tracker& tracker, const protocol::Readdressing& names = {});
  // Deletes it; what it told of its interval stays with those that followed on it. Idempotent.
  [[nodiscard]] Status forget(Epoch checkpoint, sockets::Tracker& tracker);

  // Those that led to the present, oldest first; the last `last` of them, 0: all.
  [[nodiscard]] std::vector<protocol::LocalCheckpoint> chain(std::uint32_t last) const;
  // Taken without a coordinator, oldest first.
  [[nodiscard]] std::vector<Epoch> own() const;
  [[nodiscard]] const protocol::LocalCheckpoint* find(Epoch checkpoint) const;
  // How what it names is called now.
  [[nodiscard]] protocol::Readdressing names(Epoch checkpoint) const;

 private:
  History(const store::Store& store, store::Lineage lineage, bool fresh)
      : store_(&store), lineage_(std::move(lineage)), fresh_(fresh) {}
  [[nodiscard]] Status read();
  [[nodiscard]] Status save() const { return store::save_lineage(store_->root(), lineage_); }
  [[nodiscard]] sockets::Interval::Told interval_of(const protocol::LocalCheckpoint& checkpoint) const;

  const store::Store* store_;
  store::Lineage lineage_;
  bool fresh_;
  std::map<CheckpointIndex, protocol::LocalCheckpoint> checkpoints_;  // as stored, but for names
};

}  // namespace cutline::sidecar
