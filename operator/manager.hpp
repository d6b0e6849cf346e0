// While this operator leads: informers feed a queue of names, workers reconcile them. Requests are names; nothing is
// decided from an event.
#pragma once

#include <thread>

#include "kube/informer.hpp"
#include "kube/queue.hpp"
#include "operator/context.hpp"

namespace cutline::op {

enum class Kind {
  Policy,
  Recovery,
  Schedule,
  Snapshot,
  Rollback,
  Repository,
  Check
};  // Recovery, Schedule: of a policy, Check: of a repository, beside the rest of it
[[nodiscard]] const char* name(Kind kind);

struct Work {
  Kind kind{};
  kube::Key key;
  auto operator<=>(const Work&) const = default;
};

class Manager {
 public:
  struct Parts {
    kube::Client& client;
    kube::Events& events;
    kube::LeaderElection& lease;
    control::Fleet& fleet;
    Metrics& metrics;
    repository::Keeping& keeping;
  };

  // Starts at once; the destructor stops and joins. A round under way is left to the successor.
  explicit Manager(Parts parts);
  ~Manager();
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

 private:
  void work(kube::WorkQueue<Work>& queue, const std::stop_token& stop);
  void look_at_policies(const std::string& ns);
  [[nodiscard]] kube::WorkQueue<Work>& queue_of(Kind kind) { return kind == Kind::Repository ? slow_ : queue_; }
  [[nodiscard]] Result<Outcome> reconcile(Context& context, const Work& work);

  Parts parts_;
  kube::WorkQueue<Work> queue_;
  kube::WorkQueue<Work> schedules_;  // with a worker of their own: what is due waits for no round
  kube::WorkQueue<Work> slow_;       // of repositories: restic takes its time, and no round waits for it
  kube::WorkQueue<Work> checks_;     // which may take hours, and deletions do not wait for them
  std::vector<std::unique_ptr<kube::Informer>> informers_;
  std::vector<std::jthread> workers_;  // last: stopped first
};

}  // namespace cutline::op
