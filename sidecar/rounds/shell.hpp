// The shell around protocol::participant: commands in, replies out, effects carried out. It has no decisions. Questions
// that belong to no round it answers beside one; what must not happen within one waits for its end.
//
// One thread owns the state and steps it; a second one carries out what takes long (save, verify, put back) and posts
// how that ended. So a deadline is kept while a dump runs, and a repeated command is answered at once.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "control/server.hpp"
#include "protocol/participant.hpp"
#include "sidecar/hooks/hooks.hpp"
#include "sidecar/remote/remote.hpp"
#include "sidecar/rounds/own.hpp"
#include "sidecar/rounds/pod.hpp"
#include "sidecar/rounds/precopy.hpp"

namespace cutline::sidecar {

class Shell {
 public:
  // `recorded`: what participant.json said; `configured`: what the sidecar was told last. Opens a gate that an ended
  // round left closed without deadline.
  Shell(PodParts& pod, History& history, Remote& remote, protocol::participant::Durable recorded,
        const protocol::Configure& configured);
  ~Shell();

  // The control channel's handler; does not block. `reply` is called once, from another thread.
  void command(protocol::Command command, control::Server::ReplyTo reply);

 private:
  using Event = protocol::participant::Event;
  struct Asked {
    protocol::Command command;
    control::Server::ReplyTo reply;
  };
  using Input = std::variant<Event, Asked>;
  using Job = std::variant<protocol::participant::Save, protocol::participant::Verify, protocol::participant::EndAll,
                           protocol::participant::PutBack>;

  void run(const std::stop_token& stop);
  void work(const std::stop_token& stop);
  void post(Input input);
  void look();
  void handle(Input& input);
  void handle_asked(Asked& asked);
  void feed(const Event& event);
  // `durable`: whether what had to be persisted before it is. If not, nothing begins: the failure is its end.
  void carry_out(const protocol::participant::Effect& effect, Status& durable);
  void answer(const protocol::Reply& reply);
  void start(Job job, const Status& durable);
  [[nodiscard]] Event perform(const Job& job, std::optional<Epoch> last);
  [[nodiscard]] Result<protocol::LocalCheckpoint> save(const protocol::participant::Save& request,
                                                       std::optional<Epoch> last);
  [[nodiscard]] Status persist();
  void open_gate();
  void keep(Epoch checkpoint);
  void discard(Epoch checkpoint);
  void own_time();
  [[nodiscard]] std::set<Epoch> needed() const;
  [[nodiscard]] bool idle() const { return std::holds_alternative<protocol::participant::Idle>(state_.phase); }
  [[nodiscard]] bool direct(Asked& asked);
  [[nodiscard]] bool begins_beside_hooks(const protocol::Command& command) const;
  void forget(Asked& asked);
  [[nodiscard]] protocol::Reply upload(const protocol::Upload& upload);
  [[nodiscard]] protocol::Reply fetch(const protocol::Fetch& fetch);
  [[nodiscard]] protocol::Reply run_hooks(const protocol::RunHooks& command);
  [[nodiscard]] protocol::Reply precopy(const protocol::Precopy& command);
  [[nodiscard]] std::optional<Epoch> last() const;
  [[nodiscard]] protocol::Reply recall(std::uint32_t last);
  [[nodiscard]] protocol::Reply configure(const protocol::Configure& configure);
  void apply(const protocol::Configure& configure);
  void sever(Asked& asked);

  PodParts& pod_;
  std::mutex gate_mutex_;                  // the worker's while it performs, else the first thread's
  std::atomic<Micros::rep> gated_us_ = 0;  // by the round that ended last
  std::atomic<Bytes> written_{};           // into files, by the last restore
  Precopy precopy_;

  // Of the first thread alone.
  History& history_;
  Remote& remote_;
  Hooks hooks_;
  OwnTime own_;
  protocol::Configure configured_;  // a grace of more than 0: a failure is followed by a rollback
  protocol::Readdressing names_;    // of the restore that runs; the worker reads it
  Error own_failure_;               // of the own checkpoint that ended last
  protocol::participant::State state_;
  std::vector<Asked> postponed_;  // to the end of a round, or of an upload
  std::optional<Epoch> severed_;  // by the last Sever
  struct Waiting {
    Epoch epoch;
    control::Server::ReplyTo reply;
  };
  std::vector<Waiting> waiting_;

  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::deque<Input> inputs_;
  std::optional<Job> job_;
  std::optional<Epoch> base_;  // for the job: the checkpoint that a save follows on
  std::jthread worker_;
  std::jthread thread_;
};

}  // namespace cutline::sidecar
