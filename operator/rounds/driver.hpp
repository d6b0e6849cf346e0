// Drives one round to its end: the shell around protocol::round and protocol::rollback, which have the same shape. It
// has no decisions: it feeds events, makes records durable, sends, and waits.
#pragma once

#include <memory>

#include "base/log.hpp"
#include "control/fleet.hpp"
#include "operator/rounds/mailbox.hpp"
#include "protocol/rollback.hpp"
#include "protocol/round.hpp"

namespace cutline::op {

struct SnapshotProtocol {
  using State = protocol::round::State;
  using Event = protocol::round::Event;
  using Output = protocol::round::Output;
  using Record = protocol::round::Record;
  using Ended = protocol::round::Ended;
  using Recorded = protocol::round::Recorded;
  using RecordFailed = protocol::round::RecordFailed;
  using Answered = protocol::round::Answered;
  using MemberGone = protocol::round::MemberGone;
  using Tick = protocol::round::Tick;
};

struct RollbackProtocol {
  using State = protocol::rollback::State;
  using Event = protocol::rollback::Event;
  using Output = protocol::rollback::Output;
  using Record = protocol::rollback::Record;
  using Ended = protocol::rollback::Ended;
  using Recorded = protocol::rollback::Recorded;
  using RecordFailed = protocol::rollback::RecordFailed;
  using Answered = protocol::rollback::Answered;
  using MemberGone = protocol::rollback::MemberGone;
  using Tick = protocol::rollback::Tick;
};

struct DriverOptions {
  std::map<PodUid, control::Peer> peers;
  Millis call_budget{120'000};             // the longest that one answer may take
  Millis resend{50};                       // after a broken connection the same command goes out again
  std::function<std::set<PodUid>()> gone;  // members that are there no more; asked at every turn
  std::function<void(const PodUid&, const protocol::Reply&)> on_reply;  // sees every reply before the round does
};

template <class P>
class Driver {
 public:
  // Makes a record durable, however long that takes; an error is final.
  using Persist = std::function<Status(const typename P::Record&)>;

  Driver(control::Fleet& fleet, DriverOptions options, Persist persist)
      : fleet_(fleet), options_(std::move(options)), persist_(std::move(persist)) {}

  // The end, or nothing when stopped before (the successor recovers from the records).
  [[nodiscard]] std::optional<typename P::Ended> run(typename P::Event first, const std::stop_token& stop) {
    feed(std::move(first));
    while (!std::holds_alternative<typename P::Ended>(state_)) {
      if (stop.stop_requested()) return std::nullopt;
      auto events = mailbox_->take(next_turn(), stop);
      if (events.empty()) feed(typename P::Tick{std::chrono::steady_clock::now()});
      for (auto& event : events)
        if (auto answered = std::visit([this](auto& e) { return accept(e); }, event)) feed(std::move(*answered));
      transmit_due();
      for (const auto& uid : options_.gone())
        if (reported_gone_.insert(uid).second) feed(typename P::MemberGone{uid, std::chrono::steady_clock::now()});
    }
    return std::get<typename P::Ended>(state_);
  }

 private:
  static constexpr Millis kTurn{100};
  struct Broken {
    PodUid to;
    std::uint64_t turn;
  };  // the call failed: say it again if nothing newer was said
  using Incoming = std::variant<typename P::Answered, Broken>;

  void feed(typename P::Event event) {
    auto output = step(state_, event);
    while (true) {
      std::vector<control::Call> calls;
      for (auto& send : output.send) say(send.to, std::move(send.command), calls);
      fleet_.call(std::move(calls));
      wake_ = output.wake;
      if (!output.persist) return;
      const auto durable = persist_(*output.persist);
      const auto now = std::chrono::steady_clock::now();
      if (durable)
        output = step(state_, typename P::Recorded{now});
      else
        output = step(state_, typename P::RecordFailed{durable.error().message, now});
    }
  }

  void say(const PodUid& to, protocol::Command command, std::vector<control::Call>& calls) {
    auto& said = said_[to];
    said = {std::move(command), said.turn + 1};
    due_.erase(to);
    transmit(to, calls);
  }

  void transmit(const PodUid& to, std::vector<control::Call>& calls) {
    const auto peer = options_.peers.find(to);
    if (peer == options_.peers.end()) return;
    const auto& [command, turn] = said_.at(to);
    calls.push_back({peer->second, command, Deadline::after(options_.call_budget),
                     [box = mailbox_, to, turn = turn](Result<protocol::Reply> reply) {
                       if (reply)
                         box->put(typename P::Answered{to, std::move(*reply), std::chrono::steady_clock::now()});
                       else
                         box->put(Broken{to, turn});
                     }});
  }

  std::optional<typename P::Event> accept(typename P::Answered& answered) {
    options_.on_reply(answered.from, answered.reply);
    return typename P::Event{std::move(answered)};
  }

  // A connection that broke: the command may or may not have arrived, all are idempotent, so it is said again after a
  // moment.
  std::optional<typename P::Event> accept(const Broken& broken) {
    if (said_.at(broken.to).turn == broken.turn) due_[broken.to] = std::chrono::steady_clock::now() + options_.resend;
    return std::nullopt;
  }

  [[nodiscard]] Instant next_turn() const {
    Instant next = std::chrono::steady_clock::now() + kTurn;
    if (wake_) next = std::min(next, *wake_);
    for (const auto& [uid, due] : due_) next = std::min(next, due);
    return next;
  }

  void transmit_due() {
    const auto now = std::chrono::steady_clock::now();
    std::vector<control::Call> calls;
    std::erase_if(due_, [&](const auto& entry) {
      if (entry.second > now) return false;
      transmit(entry.first, calls);
      return true;
    });
    fleet_.call(std::move(calls));
  }

  struct Said {
    protocol::Command command;
    std::uint64_t turn = 0;
  };

  control::Fleet& fleet_;
  DriverOptions options_;
  Persist persist_;
  std::shared_ptr<Mailbox<Incoming>> mailbox_ = std::make_shared<Mailbox<Incoming>>();
  typename P::State state_;
  std::optional<Instant> wake_;
  std::map<PodUid, Said> said_;
  std::map<PodUid, Instant> due_;  // to be said again
  std::set<PodUid> reported_gone_;
};

}  // namespace cutline::op
