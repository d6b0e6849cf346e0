// One participant, whose effects are told as text: "Persist, Save 7, Acked 7".
#pragma once

#include <gtest/gtest.h>

#include "base/overloaded.hpp"
#include "protocol/participant.hpp"

namespace cutline::protocol::participant {

using namespace std::chrono_literals;

inline std::string told(const Reply& reply) {
  return std::visit(overloaded{
                        [](const Acked& r) { return fmt::format("Acked {}", value(r.epoch)); },
                        [](const Opened& r) { return fmt::format("Opened {}", value(r.epoch)); },
                        [](const protocol::Prepared& r) { return fmt::format("Prepared {}", value(r.epoch)); },
                        [](const protocol::Stopped& r) { return fmt::format("Stopped {}", value(r.epoch)); },
                        [](const protocol::Restored& r) { return fmt::format("Restored {}", value(r.epoch)); },
                        [](const Refused& r) { return fmt::format("Refused {} {}", value(r.epoch), name(r.why.code)); },
                        [](const auto&) { return std::string{"?"}; },
                    },
                    reply);
}

inline std::string told(Epoch epoch) {
  return is_own(epoch) ? fmt::format("own {}", value(epoch) & ~kOwnCheckpoint) : std::to_string(value(epoch));
}

inline std::string told(const Effect& effect) {
  return std::visit(overloaded{
                        [](const Persist&) { return std::string{"Persist"}; },
                        [](const Save& e) { return "Save " + told(e.epoch); },
                        [](const Keep& e) { return "Keep " + told(e.checkpoint); },
                        [](const Discard& e) { return "Discard " + told(e.checkpoint); },
                        [](const OpenGate& e) { return "OpenGate " + told(e.epoch); },
                        [](const Verify& e) {
                          return fmt::format("Verify {}{}", value(e.checkpoint), e.gate_stays ? " gate stays" : "");
                        },
                        [](const EndAll& e) { return fmt::format("EndAll {}", value(e.checkpoint)); },
                        [](const PutBack& e) { return fmt::format("PutBack {}", value(e.checkpoint)); },
                        [](const Answer& e) { return told(e.reply); },
                    },
                    effect);
}

struct Fixture : testing::Test {
  static constexpr Instant start{1h};
  State state{Epoch{6}, Idle{}};

  std::string at(const Event& event) {
    std::string text;
    for (const auto& effect : step(state, event)) text += (text.empty() ? "" : ", ") + told(effect);
    return text;
  }
  std::string command(const Command& command, Millis when = 1ms) { return at(Commanded{command, start + when}); }

  std::string request(std::uint64_t epoch, Millis when = 0ms) {
    return command(Request{Epoch{epoch}, 100ms, {}}, when);
  }
  std::string done(std::uint64_t epoch, Millis when = 50ms) { return command(Done{Epoch{epoch}}, when); }
  std::string abort(std::uint64_t epoch, Millis when = 50ms) { return command(Abort{Epoch{epoch}}, when); }
  std::string save_ends(std::uint64_t epoch, Millis when = 30ms) {
    return at(SaveEnded{Epoch{epoch}, LocalCheckpoint{.epoch = Epoch{epoch}}, start + when});
  }
  void saved(std::uint64_t epoch) {
    (void)request(epoch);
    (void)save_ends(epoch);
  }

  // The sidecar's own time: checkpoint 1, 2, ... of the pod, told as "own 1".
  std::string due(std::uint64_t index, Millis when = 0ms) {
    return at(Due{own_checkpoint(CheckpointIndex{index}), 100ms, {}, start + when});
  }
  std::string own_ends(std::uint64_t index, Millis when = 30ms) {
    return at(SaveEnded{own_checkpoint(CheckpointIndex{index}), LocalCheckpoint{}, start + when});
  }
  std::string own_fails(std::uint64_t index) {
    return at(SaveEnded{own_checkpoint(CheckpointIndex{index}), fail(Code::Exhausted, "full"), start + 30ms});
  }

  std::string prepare(std::uint64_t epoch, std::uint64_t checkpoint = 5, Millis when = 0ms) {
    return command(Prepare{Epoch{epoch}, Epoch{checkpoint}, "sha256:0", 100ms}, when);
  }
  std::string prepare_ends(std::uint64_t epoch, Status result = {}, Millis when = 30ms) {
    return at(PrepareEnded{Epoch{epoch}, std::move(result), start + when});
  }
  std::string stop(std::uint64_t epoch, Millis when = 40ms) { return command(Stop{Epoch{epoch}}, when); }
  std::string stop_ends(std::uint64_t epoch, Status result = {}) {
    return at(StopEnded{Epoch{epoch}, std::move(result), start + 45ms});
  }
  std::string restore(std::uint64_t epoch, Millis when = 50ms) { return command(Restore{Epoch{epoch}}, when); }
  std::string restore_ends(std::uint64_t epoch) { return at(RestoreEnded{Epoch{epoch}, Timings{}, start + 90ms}); }
  std::string restore_fails(std::uint64_t epoch) {
    return at(RestoreEnded{Epoch{epoch}, fail(Code::Internal, "no"), start + 90ms});
  }
  std::string release(std::uint64_t epoch) { return command(Release{Epoch{epoch}}, 95ms); }
  void prepared(std::uint64_t epoch) {
    (void)prepare(epoch);
    (void)prepare_ends(epoch);
  }
  void stopped(std::uint64_t epoch) {
    prepared(epoch);
    (void)stop(epoch);
    (void)stop_ends(epoch);
  }
  void restored(std::uint64_t epoch) {
    stopped(epoch);
    (void)restore(epoch);
    (void)restore_ends(epoch);
  }
  // The sidecar's process ends and starts again, with nothing but what is on its disk.
  void restart() { state = revive(durable(state)); }
  template <class P>
  bool is() const {
    return std::holds_alternative<P>(state.phase);
  }
};

}  // namespace cutline::protocol::participant
