// A pod's checkpoints on their way to the repository and back, in the background: one at a time, on a thread of its
// own, niced, and standing still while a round goes on.
//
// Every question is answered at once: how far it is, how it ended, or why it failed; after a failure the next question
// begins anew. What has been stored is known by its tags: a sidecar that starts again finds it. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include "repository/restic.hpp"
#include "sidecar/store/store.hpp"

namespace cutline::sidecar {

class Remote {
 public:
  // `store` must outlive it.
  Remote(const store::Store& store, PodUid uid, PodName name, repository::Program program);
  ~Remote();

  // Uploading, Uploaded or Refused. Of a committed checkpoint.
  [[nodiscard]] protocol::Reply ask(const protocol::Upload& upload);

  // A checkpoint that has been brought here and checked, to be adopted; else how far it is: Fetching or Refused.
  struct Brought {
    store::Draft draft;
    store::Stored stored;
  };
  [[nodiscard]] std::variant<protocol::Reply, std::unique_ptr<Brought>> ask(const protocol::Fetch& fetch);

  // Whether nothing of this checkpoint is read or written any more; if not, it soon will be so.
  [[nodiscard]] bool drop(Epoch checkpoint);

  void hold() { brake_.hold(); }
  void release() { brake_.release(); }

 private:
  struct Waiting {};
  struct Kept {
    repository::Kept kept;
  };
  struct Failed {
    Error why;
  };
  using State = std::variant<Waiting, repository::Progress, Kept, std::unique_ptr<Brought>, Failed>;
  struct Task {
    std::variant<protocol::Upload, protocol::Fetch> what;
    State state;
    std::stop_source stop;
  };
  using Name = std::pair<Epoch, bool>;  // the checkpoint, and whether it comes here

  [[nodiscard]] Task& begin(Name name, std::variant<protocol::Upload, protocol::Fetch> what);
  void work(const std::stop_token& stop);
  [[nodiscard]] State perform(const protocol::Upload& upload, const repository::Attention& attention);
  [[nodiscard]] bool first_try(Epoch checkpoint);
  [[nodiscard]] State perform(const protocol::Fetch& fetch, const repository::Attention& attention);
  void tell(Name name, State state);

  const store::Store& store_;
  PodUid uid_;
  PodName pod_;
  repository::Program program_;
  repository::Brake brake_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<Name, Task> tasks_;
  std::deque<Name> queue_;
  std::optional<Name> at_;   // which the thread is at
  std::set<Epoch> perhaps_;  // checkpoints that may be in a repository already: from before this start, or tried since
  std::jthread thread_;
};

}  // namespace cutline::sidecar
