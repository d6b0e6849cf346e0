// Copies declared volumes in the background while the application runs, for the checkpoint that comes next.
//
// Whatever becomes of it, no harm is done: what it has not copied is copied while all stand still. Its folder lies
// beside the store's checkpoints, and goes when it has been used, after a while, and with the next start. Thread-safe.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "sidecar/launchers/launchers.hpp"
#include "sidecar/store/store.hpp"

namespace cutline::sidecar {

// For each container, a folder as files::capture or files::precopy have left it.
using Copies = std::map<std::string, std::string>;

class Precopy {
 public:
  // Both must outlive it.
  Precopy(const store::Store& store, const Launchers& launchers);
  ~Precopy();

  // Precopying or Precopied. `last`: the checkpoint that the next one follows on, for what has not changed since.
  [[nodiscard]] protocol::Reply ask(const protocol::Precopy& command, std::optional<Epoch> last);
  // It ends soon, with what it has. Waits for nothing.
  void stop() { thread_.request_stop(); }
  // Ends it, and says what there is. If it does not end in time, nothing.
  [[nodiscard]] Copies take(Deadline deadline);
  // What there is goes, if nothing works on it.
  void clear();
  // The same, once it is too old to be worth its room.
  void expire(Instant now);

 private:
  void perform(const protocol::Precopy& command, std::optional<Epoch> last, const std::stop_token& stop);
  [[nodiscard]] Result<Bytes> copy(const Container& container, const std::vector<std::string>& volumes,
                                   std::optional<Epoch> last, const std::stop_token& stop);
  [[nodiscard]] std::string folder(const std::string& container) const;
  [[nodiscard]] std::function<Result<std::vector<int>>()> processes() const;

  const store::Store& store_;
  const Launchers& launchers_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::string key_;  // of what goes on, or went on last; empty: nothing
  bool going_on_ = false;
  Bytes copied_{};
  Copies copies_;
  Instant since_{};
  std::jthread thread_;  // of the thread that asks
};

}  // namespace cutline::sidecar
