// What the launcher does when something happens: its decisions, without its hands.
//
// Pure: no I/O, no clock. The shell (shell.hpp) feeds events, which carry the time, and carries out the actions in
// their order. Total: an event that does not belong to the state changes nothing. Times are CLOCK_BOOTTIME's.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <variant>

#include "launcher/protocol.hpp"

namespace cutline::launcher {

using Millis = std::chrono::milliseconds;

inline constexpr Millis patience{60'000};  // how long to look for a sidecar before the application has started
inline constexpr Millis inquiry{5'000};    // how long to wait for the way in which an adopted keeper ended
inline constexpr int status_unknown = 137 << 8;
// A CRIU that outlives a killed sidecar may freeze the tree once more when it gives up, up to so long after the guard's
// limit: the guard writes again and again, in such steps.
inline constexpr Millis guard_overtime{5'000};
inline constexpr Millis guard_again{250};

// The root of the saved tree.
struct Keeper {
  Pid pid = 0;            // 0: there is none yet
  bool child = false;     // ours; otherwise restored by the sidecar, and watched by pidfd
  bool released = false;  // told to start the application
};

struct Serving {
  Keeper keeper;
  std::optional<Millis> give_up;  // an adopted keeper has ended, and in which way is asked until then
};
struct Holding {
  Keeper keeper;
  std::optional<int> ended;   // its wait status, if it has ended meanwhile
  std::uint64_t waiting = 0;  // signals that came meanwhile: bit n - 1 for signal n
};
// The application has ended; the container stays for a while, so that a rollback may bring it back.
struct Lingering {
  Keeper keeper;  // was it
  int status = 0;
  Millis since;
};

struct Away {
  Millis since;
  Millis next_try;
  Millis pause;
};
struct Connected {};

struct Watchdog {
  Millis limit;
  Millis next;        // writes then: at the limit, or sooner, because the connection has ended
  bool told = false;  // that the limit has passed
};

struct State {
  Name container;
  std::variant<Serving, Holding, Lingering> tree;
  std::variant<Away, Connected> link;
  std::optional<Watchdog> guard;  // armed
  Millis grace{0};                // how long to linger
  bool told_to_end = false;       // by a signal: then not at all
};

// What happened.
struct LinkUp {};
struct LinkDown {};  // a try failed, or the connection ended
struct Received {
  ToLauncher message;
  bool descriptor = false;  // one came with it
};
struct Forked {
  Pid pid = 0;
};
struct ChildEnded {
  Pid pid = 0;
  int status = 0;
};
struct AdoptedEnded {
  std::optional<int> status;  // unknown to an older kernel, or not yet known
};
struct SignalCame {
  int number = 0;
};
struct TimeCame {};
using Event = std::variant<LinkUp, LinkDown, Received, Forked, ChildEnded, AdoptedEnded, SignalCame, TimeCame>;

// What to do.
struct Connect {};  // try once; answer with LinkUp or LinkDown
struct Send {
  ToSidecar message;
};
struct Fork {};     // answer with Forked
struct Release {};  // let the keeper start the application
struct Signal {
  Pid pid;
  int number;
};
struct TakeGuard {
  Word text;
};  // keep the descriptor that came with the message, and the text for it
struct FireGuard {};  // write the text
struct DropGuard {};  // close the descriptor
struct Watch {
  Pid pid;
};  // by pidfd; answer with AdoptedEnded
struct End {
  int status;
};  // as wait(2) gives it: end in this way
struct GiveUp {};  // no sidecar came
using Action = std::variant<Connect, Send, Fork, Release, Signal, TakeGuard, FireGuard, DropGuard, Watch, End, GiveUp>;

// To be carried out in this order.
class Actions {
 public:
  void add(const Action& action) {
    if (size_ < all_.size()) all_[size_++] = action;
  }
  [[nodiscard]] const Action* begin() const { return all_.data(); }
  [[nodiscard]] const Action* end() const { return all_.data() + size_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::array<Action, 72> all_;  // at most: each of 64 waiting signals, and a few
  std::size_t size_ = 0;
};

// A launcher that has just begun, with its first try to connect due at once.
[[nodiscard]] State begin(Name container, Millis now);

[[nodiscard]] Actions step(State& state, const Event& event, Millis now);

// When TimeCame is due next; nothing: only something else can happen.
[[nodiscard]] std::optional<Millis> next_wake(const State& state);

[[nodiscard]] Phase phase(const State& state);

}  // namespace cutline::launcher
