// The real Launchers: starts applications, tells launchers what a round does to their trees, and carries a restored
// application's end to its container's end. A thread of its own serves the connections.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/deadline.hpp"
#include "sidecar/launchers/connection.hpp"
#include "sidecar/launchers/known.hpp"
#include "sidecar/launchers/launchers.hpp"

namespace cutline::sidecar {

struct HubOptions {
  std::string socket{launcher::default_socket};
  std::string program = "/.cutline/launcher";
  std::vector<std::string> expected;  // the containers that must be there; empty: whoever comes
  std::string record;                 // a file that outlives this process, for what is known of launchers; empty: none
};

class Hub : public Launchers {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Hub>> start(HubOptions options);
  ~Hub() override;

  [[nodiscard]] Result<std::vector<Container>> containers() const override;
  [[nodiscard]] Status guard(Millis limit, Deadline deadline) override;
  [[nodiscard]] Status unguard(Deadline deadline) override;
  [[nodiscard]] Status hold(Deadline deadline) override;
  [[nodiscard]] Status adopt(const std::string& container, criu::ExitWatch watch) override;
  void set_grace(Millis grace) override;
  void saved() override;
  [[nodiscard]] std::vector<protocol::Failure> failures() const override;

 private:
  struct Entry;
  Hub(HubOptions options, Fd listener, Fd wake, Known known);
  void serve(const std::stop_token& stop);
  void welcome();
  void hear(Entry& entry);
  void on(Entry& entry, const launcher::Hello& hello);
  void on(Entry& entry, const launcher::KeeperForked& forked);
  void on(Entry& entry, const launcher::Ended& ended);
  void accept(Entry& entry);
  void accept_all();
  void write_record();
  void ring();
  void watch_end(Entry& entry);
  void forget_ended();
  [[nodiscard]] Entry* find(const std::string& name) const;
  template <class Flag, class Send>
  [[nodiscard]] Status tell_all(Flag flag, Send send, Deadline deadline, std::string_view what);

  HubOptions options_;
  Instant started_ = std::chrono::steady_clock::now();
  Fd listener_;
  Fd wake_;
  mutable std::mutex mutex_;
  mutable std::condition_variable answered_;
  std::vector<std::unique_ptr<Entry>> entries_;
  Known known_;
  Known written_;        // of the thread alone: what stands in the record
  std::jthread thread_;  // last: stopped first
};

}  // namespace cutline::sidecar
