#include "sidecar/hooks/run.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/child.hpp"
#include "base/log.hpp"
#include "sidecar/cgroup/freezer.hpp"
#include "sidecar/criu/inside.hpp"
#include "sidecar/hooks/standing.hpp"

namespace cutline::hooks {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kCgroup = "cutline-hook";
constexpr Millis kKill{5'000};
constexpr Millis kLook{20};

// The end of what is written into a pipe. However much that is, it takes no more room than this.
class Tail {
 public:
  static Result<Tail> open(const Identity& reader_of_proc) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return fail_errno(errno, "pipe");
    Tail out{Fd{ends[0]}, Fd{ends[1]}};
    const int flags = ::fcntl(ends[1], F_GETFL);
    (void)::fcntl(ends[1], F_SETFL, flags & ~O_NONBLOCK);
    // The program may open it by its name, /dev/stdout.
    (void)::fchown(ends[1], reader_of_proc.uid, reader_of_proc.gid);
    return out;
  }

  [[nodiscard]] int in() const { return in_.get(); }
  [[nodiscard]] int out() const { return out_.get(); }
  void close_in() { in_.reset(); }

  void drain() {
    char bytes[16 << 10];
    for (int turns = 0; turns < 64; ++turns) {  // a program that never stops does not keep us here
      const auto n = ::read(out_.get(), bytes, sizeof bytes);
      if (n <= 0) return;
      said_.append(bytes, static_cast<std::size_t>(n));
      if (said_.size() > 4 * kTail) said_.erase(0, said_.size() - kTail);
    }
  }

  [[nodiscard]] std::string said() const {
    auto out = said_.size() > kTail ? said_.substr(said_.size() - kTail) : said_;
    while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
    return out;
  }

 private:
  Tail(Fd out, Fd in) : out_(std::move(out)), in_(std::move(in)) {}
  Fd out_;
  Fd in_;
  std::string said_;
};

std::string ending(const Ended& ended) {
  if (ended.code == 0) return {};
  if (ended.code <= 128) return fmt::format("exited with status {}", ended.code);
  return fmt::format("killed by signal {} ({})", ended.code - 128, ::strsignal(ended.code - 128));
}

// Until its first process has ended. Empty: it succeeded.
std::string attend(Running running, Tail& tail, const protocol::Hook& hook, const std::stop_token& stop) {
  const auto deadline = Deadline::after(hook.timeout);
  while (!deadline.passed() && !stop.stop_requested()) {
    pollfd said{tail.out(), POLLIN, 0};
    (void)::poll(&said, 1, static_cast<int>(deadline.sooner(kLook).left().count()));
    tail.drain();
    if ((said.revents & POLLHUP) != 0 ? running.ends(deadline.sooner(kLook))
                                      : running.ends(Deadline::after(Millis{0}))) {
      const auto ended = running.wait(deadline.sooner(kKill));
      tail.drain();
      return ended ? ending(*ended) : ended.error().message;
    }
  }
  if (stop.stop_requested()) return "was killed: the sidecar stops";
  return fmt::format("did not end within {} ms and was killed", hook.timeout.count());
}

// Sets what failed, if anything did.
Status run_inside(pid_t launcher, const protocol::Hook& hook, const cgroup::Freezer& place, const std::stop_token& stop,
                  protocol::HookOutcome& out) {
  auto standing = standing_of(launcher);
  if (!standing) return forward(standing, "the container's launcher");
  const auto inside = criu::Namespaces::of(launcher);
  if (!inside) return tl::unexpected(inside.error());
  const auto entrances = place.entrances();
  if (!entrances) return tl::unexpected(entrances.error());
  auto tail = Tail::open(standing->identity);
  if (!tail) return tl::unexpected(tail.error());
  Status done;
  const auto entered = inside->run(false, [&] {
    Child child;
    child.name = hook.command.front();
    child.dies_with_caller = true;  // and so with this process
    child.identity = standing->identity;
    child.environment = standing->environment;
    child.arguments = hook.command;
    child.arguments.front() = find_program(hook.command.front(), standing->environment);
    if (child.arguments.front().empty()) {
      out.failure = "there is no such program on the container's PATH";
      return;
    }
    for (const auto& entrance : *entrances) child.entrances.push_back(entrance.get());
    child.output = tail->in();
    auto running = child.start();
    tail->close_in();
    if (!running)
      out.failure = running.error().message;
    else
      out.failure = attend(*std::move(running), *tail, hook, stop);
  });
  if (!entered) return entered;
  out.said = tail->said();
  return {};
}

}  // namespace

protocol::HookOutcome run(pid_t launcher, const protocol::Hook& hook, const std::stop_token& stop) {
  const auto start = Clock::now();
  protocol::HookOutcome out;
  auto place = cgroup::Freezer::open(launcher, false, kCgroup);
  if (!place) {
    out.failure = place.error().message;
    return out;
  }
  (void)place->kill_all(Deadline::after(kKill));  // of a sidecar that ended meanwhile
  if (auto done = run_inside(launcher, hook, *place, stop, out); !done) out.failure = done.error().message;
  if (auto gone = place->kill_all(Deadline::after(kKill)); !gone) {
    log::error("something of a hook is left", {{"container", hook.container}, {"error", gone.error()}});
    if (out.failure.empty()) out.failure = "something that it started could not be ended: " + gone.error().message;
  }
  out.took = std::chrono::duration_cast<Micros>(Clock::now() - start);
  return out;
}

}  // namespace cutline::hooks
