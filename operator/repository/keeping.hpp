// What the operator keeps checkpoints with: restic, the signing key, what is to be cleared away in which repository and
// whose turn it is there, and when it is worth asking about a snapshot again. All of it but the programs and keys is
// known anew after a start. Thread-safe.
#pragma once

#include <functional>
#include <mutex>
#include <set>

#include "operator/repository/server_plan.hpp"
#include "operator/repository/signing.hpp"
#include "operator/repository/turns.hpp"
#include "repository/restic.hpp"

namespace cutline::op::repository {

// What servers of repositories on volumes are made of.
struct Servers {
  ServerImage image;
  std::string authority;  // PEM: whom their clients trust
  std::function<Result<control::KeyAndCertificate>(const control::LeafRequest&)> issue;
};

class Keeping {
 public:
  Keeping(cutline::repository::Program program, Signing signing, Servers servers)
      : program_(std::move(program)), signing_(std::move(signing)), servers_(std::move(servers)) {}

  [[nodiscard]] const cutline::repository::Program& program() const { return program_; }
  [[nodiscard]] const Signing& signing() const { return signing_; }
  [[nodiscard]] const Servers& servers() const { return servers_; }

  // Called with a repository that has something to do now. Nothing: nobody listens any more.
  void listen(std::function<void(const kube::Key&)> bell);

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

  // ---- snapshots on their way ----
  // Whether its upload may begin now; it is under way then.
  [[nodiscard]] bool begins(const kube::Key& repository, const std::string& snapshot_uid);
  void uploads(const kube::Key& repository, const std::string& snapshot_uid);
  void ended(const std::string& snapshot_uid);
  // Each record of progress is news that brings its snapshot back at once: until then it has to wait.
  [[nodiscard]] std::optional<Millis> must_wait(const std::string& snapshot_uid) const;
  // Nothing: it is over.
  void look_again(const std::string& snapshot_uid, std::optional<Millis> wait);

  // ---- deletion: asked for by snapshots, done by the repository's reconciler, all at once ----
  void forget(const kube::Key& repository, const kube::Json& snapshot);
  // What came of it, once it was tried. Success is told once. Nothing: it was not tried yet.
  [[nodiscard]] std::optional<cutline::Status> forgotten(const kube::Key& repository, const std::string& snapshot_uid);
  // Nobody waits for it any more; it is done all the same.
  void let_go(const kube::Key& repository, const std::string& snapshot_uid);
  [[nodiscard]] std::vector<kube::Json> to_forget(const kube::Key& repository) const;
  void tried(const kube::Key& repository, const std::vector<kube::Json>& snapshots, const cutline::Status& outcome);

  // ---- the repository's own turns ----
  [[nodiscard]] bool take_turn(const kube::Key& repository);
  void give_back(const kube::Key& repository);
  // Bytes that nobody refers to. Clearing them away takes a tenth of the time at most, and is not done while the
  // repository is read.
  void leaves_waste(const kube::Key& repository);
  [[nodiscard]] bool waste_is_due(const kube::Key& repository) const;
  void cleared(const kube::Key& repository, Millis took);
  void reads(const kube::Key& repository, bool begins);
  // What it holds has changed since it was counted.
  void changed(const kube::Key& repository);
  [[nodiscard]] bool take_change(const kube::Key& repository);
  [[nodiscard]] bool look_is_due(const kube::Key& repository) const;
  void looked(const kube::Key& repository, Millis again);

 private:
  struct Forgetting {
    kube::Json snapshot;
    std::optional<cutline::Status> outcome;
    bool awaited = true;
  };
  struct Place {
    Turns turns;
    std::map<std::string, Forgetting> forgetting;  // by the snapshot's UID
    Instant try_after;                             // to forget: somebody else is using it, or it is away
    bool waste = false;
    bool reading = false;
    bool changed = true;
    Instant clear_after;
    Instant look_after;
  };
  static Instant now() { return std::chrono::steady_clock::now(); }
  [[nodiscard]] const Place* find(const kube::Key& repository) const {
    const auto found = places_.find(repository);
    return found == places_.end() ? nullptr : &found->second;
  }

  cutline::repository::Program program_;
  Signing signing_;
  Servers servers_;
  mutable std::mutex mutex_;
  std::function<void(const kube::Key&)> bell_ = [](const kube::Key&) {};
  std::map<kube::Key, Place> places_;
  std::map<std::string, cutline::repository::Manifest> verified_;
  std::map<std::string, Deadline> next_;  // of snapshots that are on their way
};

}  // namespace cutline::op::repository
