// What the operator keeps checkpoints with: restic, the signing key, which repositories have something to clear away, and when it is worth
// asking about a snapshot again. Thread-safe.
#pragma once

#include <mutex>
#include <set>

#include "operator/repository/signing.hpp"
#include "repository/restic.hpp"

namespace cutline::op::repository {

class Keeping {
 public:
  Keeping(cutline::repository::Program program, Signing signing) : program_(std::move(program)), signing_(std::move(signing)) {}

  [[nodiscard]] const cutline::repository::Program& program() const { return program_; }
  [[nodiscard]] const Signing& signing() const { return signing_; }

  // Something was forgotten there; the bytes go with the next turn of its reconciler.
  void leaves_waste(const kube::Key& repository) {
    const std::scoped_lock lock{mutex_};
    waste_.insert(repository);
  }
  [[nodiscard]] bool take_waste(const kube::Key& repository) {
    const std::scoped_lock lock{mutex_};
    return waste_.erase(repository) != 0;
  }

  // Manifests that have verified, by their names in the repository: those never change.
  [[nodiscard]] std::optional<cutline::repository::Manifest> verified(const std::string& id) const {
    const std::scoped_lock lock{mutex_};
    const auto found = verified_.find(id);
    return found == verified_.end() ? std::nullopt : std::optional{found->second};
  }
  void remember(const std::string& id, cutline::repository::Manifest manifest) {
    constexpr std::size_t kMany = 64;
    const std::scoped_lock lock{mutex_};
    if (verified_.size() >= kMany) verified_.clear();
    verified_.insert_or_assign(id, std::move(manifest));
  }

  // Each record of progress is news that brings its snapshot back at once: until then it has to wait.
  [[nodiscard]] std::optional<Millis> must_wait(const std::string& snapshot_uid) const {
    const std::scoped_lock lock{mutex_};
    const auto found = next_.find(snapshot_uid);
    if (found == next_.end() || found->second.passed()) return std::nullopt;
    return found->second.left();
  }
  // Nothing: it is over.
  void look_again(const std::string& snapshot_uid, std::optional<Millis> wait) {
    const std::scoped_lock lock{mutex_};
    if (wait) next_.insert_or_assign(snapshot_uid, Deadline::after(*wait));
    else next_.erase(snapshot_uid);
  }

 private:
  cutline::repository::Program program_;
  Signing signing_;
  mutable std::mutex mutex_;
  std::set<kube::Key> waste_;
  std::map<std::string, cutline::repository::Manifest> verified_;
  std::map<std::string, Deadline> next_;  // of snapshots that are on their way
};

}  // namespace cutline::op::repository
