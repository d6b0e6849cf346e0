// What a container's launcher (L) and its pod's sidecar (S) say to each other: lines of text over a unix stream socket.
//
// One message a line, words parted by one space, ended by '\n', at most 256 bytes with it. S listens, L connects, and
// connects again whenever the connection ends; each connection begins with L's `hello`. Every message may come twice.
//
//   L->S hello CONTAINER KEEPER-PID STATE   0: no keeper yet. STATE: starting, running, holding, adopted, ended
//   S->L start                              fork the keeper; it waits, and runs nothing yet
//   L->S keeper PID                         it is there: S places it into its cgroup and sets the pid counter
//   S->L go                                 the keeper starts the application
//   S->L guard MILLISECONDS TEXT            with ONE descriptor (SCM_RIGHTS): when the time (CLOCK_BOOTTIME) is over,
//                                           or this connection ends, L writes TEXT to it, and again every 250 ms until
//                                           5 s after the time. A second guard replaces the first
//   L->S guarded                            it is armed. (`fired`: it came to nothing, there was no descriptor)
//   L->S fired                              the time passed and TEXT was written
//   S->L unguard                            disarm
//   L->S unguarded                          disarmed; if it had fired before, `fired` came first
//   S->L hold                               the tree is about to be killed, or will be restored instead of started:
//                                           its end does not end the container until `adopt` or `unhold`
//   L->S holding                            so it is. Signals for the application wait from here on
//   S->L unhold                             as before `hold`; if the keeper ended meanwhile, L ends as it did
//   S->L adopt PID                          the restored keeper, not L's child: signals go there, its end is L's end
//   S->L exit WAIT-STATUS                   the adopted keeper ended so (as wait(2) says): L ends the same way
//   L->S ended WAIT-STATUS                  the application has ended so; said again after each hello
//   S->L grace MILLISECONDS                 from now on L does not end with the application, but so long after: until
//                                           then `hold` makes it as if the application lived. 0, as at first: at once.
//                                           Nor does it wait when it was told to end (SIGTERM, SIGINT, SIGQUIT)
//
// Pids are those of the pid namespace that both stand in. Pure: no I/O. Header-only, for both sides. No exceptions.
#pragma once

#include <charconv>
#include <chrono>
#include <concepts>
#include <optional>
#include <string_view>
#include <variant>

#include "base/overloaded.hpp"
#include "launcher/text.hpp"

namespace cutline::launcher {

inline constexpr std::size_t longest_line = 256;  // bytes, the newline with it
inline constexpr std::string_view default_socket = "/.cutline/sidecar.sock";

using Pid = int;
using Name = Text<64>;  // a container's name: a DNS label
using Word = Text<32>;
using Line = Text<longest_line>;

enum class Phase { Starting, Running, Holding, Adopted, Ended };

struct Hello {
  Name container;
  Pid keeper = 0;
  Phase phase = Phase::Starting;
  bool operator==(const Hello&) const = default;
};
struct KeeperForked {
  Pid pid = 0;
  bool operator==(const KeeperForked&) const = default;
};
struct Guarded {
  bool operator==(const Guarded&) const = default;
};
struct Fired {
  bool operator==(const Fired&) const = default;
};
struct Unguarded {
  bool operator==(const Unguarded&) const = default;
};
struct Held {
  bool operator==(const Held&) const = default;
};
struct Ended {
  int status = 0;  // as wait(2) gives it
  bool operator==(const Ended&) const = default;
};
using ToSidecar = std::variant<Hello, KeeperForked, Guarded, Fired, Unguarded, Held, Ended>;

struct Start {
  bool operator==(const Start&) const = default;
};
struct Go {
  bool operator==(const Go&) const = default;
};
struct Guard {
  std::chrono::milliseconds limit{};
  Word text;
  bool operator==(const Guard&) const = default;
};
struct Unguard {
  bool operator==(const Unguard&) const = default;
};
struct Hold {
  bool operator==(const Hold&) const = default;
};
struct Unhold {
  bool operator==(const Unhold&) const = default;
};
struct Adopt {
  Pid pid = 0;
  bool operator==(const Adopt&) const = default;
};
struct Exit {
  int status = 0;  // as wait(2) gives it
  bool operator==(const Exit&) const = default;
};
struct Grace {
  std::chrono::milliseconds time{};
  bool operator==(const Grace&) const = default;
};
using ToLauncher = std::variant<Start, Go, Guard, Unguard, Hold, Unhold, Adopt, Exit, Grace>;

namespace detail {

[[nodiscard]] constexpr std::string_view name(Phase phase) {
  switch (phase) {
    case Phase::Starting:
      return "starting";
    case Phase::Running:
      return "running";
    case Phase::Holding:
      return "holding";
    case Phase::Adopted:
      return "adopted";
    case Phase::Ended:
      return "ended";
  }
  return "starting";
}

[[nodiscard]] constexpr std::optional<Phase> phase_of(std::string_view word) {
  for (const auto phase : {Phase::Starting, Phase::Running, Phase::Holding, Phase::Adopted, Phase::Ended})
    if (word == name(phase)) return phase;
  return std::nullopt;
}

// Between 0 and the type's largest; nothing else around it.
template <std::integral T>
[[nodiscard]] std::optional<T> number(std::string_view word) {
  T out{};
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out);
  if (error != std::errc{} || end != word.data() + word.size() || out < 0) return std::nullopt;
  return out;
}

// Exactly the words of a line, at most four; an empty word or a fifth one makes it no line of ours.
struct Words {
  std::array<std::string_view, 4> at;
  std::size_t count = 0;
};

[[nodiscard]] inline std::optional<Words> split(std::string_view line) {
  Words words;
  for (;;) {
    const auto space = line.find(' ');
    const auto word = std::string_view{line.data(), std::min(space, line.size())};
    if (word.empty() || words.count == words.at.size()) return std::nullopt;
    words.at[words.count++] = word;
    if (space == std::string_view::npos) return words;
    line.remove_prefix(space + 1);
  }
}

template <class... Parts>
[[nodiscard]] Line line(const Parts&... parts) {
  Line out;
  const auto add = [&out](const auto& part) {
    if constexpr (std::integral<std::remove_cvref_t<decltype(part)>>) {
      std::array<char, 24> digits;
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), part).ptr;
      return out.append({digits.data(), static_cast<std::size_t>(end - digits.data())});
    } else {
      return out.append(part);
    }
  };
  // The longest message is far below the line's bound: names and words are bounded by their types.
  (void)(add(parts) && ...);
  (void)out.append("\n");
  return out;
}

}  // namespace detail

// With the newline, ready to be sent.
[[nodiscard]] inline Line format(const ToSidecar& message) {
  using detail::line;
  using namespace std::string_view_literals;
  return std::visit(overloaded{
                        [](const Hello& m) {
                          return line("hello "sv, m.container.view(), " "sv, m.keeper, " "sv, detail::name(m.phase));
                        },
                        [](const KeeperForked& m) { return line("keeper "sv, m.pid); },
                        [](const Guarded&) { return line("guarded"sv); },
                        [](const Fired&) { return line("fired"sv); },
                        [](const Unguarded&) { return line("unguarded"sv); },
                        [](const Held&) { return line("holding"sv); },
                        [](const Ended& m) { return line("ended "sv, m.status); },
                    },
                    message);
}

[[nodiscard]] inline Line format(const ToLauncher& message) {
  using detail::line;
  using namespace std::string_view_literals;
  return std::visit(overloaded{
                        [](const Start&) { return line("start"sv); },
                        [](const Go&) { return line("go"sv); },
                        [](const Guard& m) { return line("guard "sv, m.limit.count(), " "sv, m.text.view()); },
                        [](const Unguard&) { return line("unguard"sv); },
                        [](const Hold&) { return line("hold"sv); },
                        [](const Unhold&) { return line("unhold"sv); },
                        [](const Adopt& m) { return line("adopt "sv, m.pid); },
                        [](const Exit& m) { return line("exit "sv, m.status); },
                        [](const Grace& m) { return line("grace "sv, m.time.count()); },
                    },
                    message);
}

// A line without its newline. Nothing if it is not exactly one of the messages above.
[[nodiscard]] inline std::optional<ToSidecar> parse_to_sidecar(std::string_view line) {
  const auto words = detail::split(line);
  if (!words) return std::nullopt;
  const auto& [at, count] = *words;
  if (count == 4 && at[0] == "hello") {
    const auto container = Name::of(at[1]);
    const auto keeper = detail::number<Pid>(at[2]);
    const auto phase = detail::phase_of(at[3]);
    if (container && keeper && phase) return Hello{*container, *keeper, *phase};
  }
  if (count == 2 && at[0] == "keeper")
    if (const auto pid = detail::number<Pid>(at[1])) return KeeperForked{*pid};
  if (count == 2 && at[0] == "ended")
    if (const auto status = detail::number<int>(at[1])) return Ended{*status};
  if (count != 1) return std::nullopt;
  if (at[0] == "guarded") return Guarded{};
  if (at[0] == "fired") return Fired{};
  if (at[0] == "unguarded") return Unguarded{};
  if (at[0] == "holding") return Held{};
  return std::nullopt;
}

[[nodiscard]] inline std::optional<ToLauncher> parse_to_launcher(std::string_view line) {
  const auto words = detail::split(line);
  if (!words) return std::nullopt;
  const auto& [at, count] = *words;
  if (count == 3 && at[0] == "guard") {
    const auto limit = detail::number<std::chrono::milliseconds::rep>(at[1]);
    const auto text = Word::of(at[2]);
    if (limit && text) return Guard{std::chrono::milliseconds{*limit}, *text};
  }
  if (count == 2) {
    const auto value = detail::number<int>(at[1]);
    if (value && *value > 0 && at[0] == "adopt") return Adopt{*value};
    if (value && at[0] == "exit") return Exit{*value};
    if (value && at[0] == "grace") return Grace{std::chrono::milliseconds{*value}};
  }
  if (count != 1) return std::nullopt;
  if (at[0] == "start") return Start{};
  if (at[0] == "go") return Go{};
  if (at[0] == "unguard") return Unguard{};
  if (at[0] == "hold") return Hold{};
  if (at[0] == "unhold") return Unhold{};
  return std::nullopt;
}

}  // namespace cutline::launcher
