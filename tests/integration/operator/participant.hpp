// A sidecar as the operator meets it: a control server with its pod's certificate, and answers that the test decides.
// Everything above the control channel is real; nothing below it is there.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>

#include "base/deadline.hpp"
#include "control/server.hpp"

namespace cutline::test {

class Participant {
 public:
  // What to answer; nothing: no answer at all. Called on the participant's own thread.
  using Behaviour = std::function<std::optional<protocol::Reply>(const protocol::Command&)>;
  // Told of every command before it is answered, from the threads of all participants.
  using Watcher = std::function<void(const protocol::Command&)>;

  Participant(PodUid uid, std::string address, control::KeyAndCertificate authority, Watcher watcher);

  // Replaces the behaviour, which is obedient() to begin with.
  void behave(Behaviour behaviour);

  [[nodiscard]] std::vector<protocol::Command> heard() const;
  // The epochs of all commands of one kind, in the order in which they came.
  template <class C>
  [[nodiscard]] std::vector<Epoch> heard_of() const {
    std::vector<Epoch> out;
    for (const auto& command : heard())
      if (const auto* one = std::get_if<C>(&command)) out.push_back(one->epoch);
    return out;
  }
  // Until at least `count` commands of that kind have come. false: not by the deadline.
  template <class C>
  [[nodiscard]] bool wait_for(Deadline deadline, std::size_t count = 1) const {
    std::unique_lock lock{mutex_};
    return came_.wait_until(lock, deadline.instant(), [&] {
      return static_cast<std::size_t>(
                 std::ranges::count_if(heard_, [](const auto& c) { return std::holds_alternative<C>(c); })) >= count;
    });
  }

  [[nodiscard]] const PodUid& uid() const { return uid_; }
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  void handle(const protocol::Command& command, const control::Server::ReplyTo& reply);

  PodUid uid_;
  std::string address_;
  Watcher watcher_;
  mutable std::mutex mutex_;
  mutable std::condition_variable came_;
  std::vector<protocol::Command> heard_;
  Behaviour behaviour_;
  std::unique_ptr<control::Server> server_;  // last: stopped first
};

// Does all that it is told, at once and well. Its checkpoint has the given counters.
[[nodiscard]] Participant::Behaviour obedient(protocol::CounterTable counters = {});
// ... but refuses the first `times` commands of kind C.
template <class C>
[[nodiscard]] Participant::Behaviour refusing(Error why, int times = 1'000'000) {
  return
      [why = std::move(why), left = times](const protocol::Command& command) mutable -> std::optional<protocol::Reply> {
        const auto* refused = std::get_if<C>(&command);
        if (refused == nullptr || left == 0) return obedient()(command);
        --left;
        return protocol::Refused{refused->epoch, why};
      };
}
// ... but does not answer commands of kind C.
template <class C>
[[nodiscard]] Participant::Behaviour silent_to() {
  return [](const protocol::Command& command) -> std::optional<protocol::Reply> {
    if (std::holds_alternative<C>(command)) return std::nullopt;
    return obedient()(command);
  };
}

}  // namespace cutline::test
