#include "launcher/shell.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "launcher/ending.hpp"
#include "launcher/exit_status.hpp"

namespace cutline::launcher {
namespace {

Millis now() {
  timespec time{};
  (void)::clock_gettime(CLOCK_BOOTTIME, &time);
  return std::chrono::duration_cast<Millis>(std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec});
}

sigset_t watched_signals() {
  sigset_t set = forwardable();
  (void)sigaddset(&set, SIGCHLD);
  return set;
}

}  // namespace

Shell::Shell(const Command& command, std::string_view socket, Name container)
    : command_(command), path_(socket), channel_(socket), state_(begin(container, now())) {
  const auto set = watched_signals();
  signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  timer_.reset(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
}

void Shell::run() {
  if (!signals_ || !timer_) {
    (void)::dprintf(2, "cutline-launcher: signalfd or timerfd: %s\n", std::strerror(errno));
    ::_exit(exit_no_sidecar);
  }
  for (;;) wait_and_feed();
}

void Shell::wait_and_feed() {
  arm_timer();
  pollfd ready[] = {{signals_.get(), POLLIN, 0},
                    {timer_.get(), POLLIN, 0},
                    {channel_.fd(), POLLIN, 0},
                    // Once it has ended only the hang-up, which says that it has been reaped, is of interest.
                    {adopted_.get(), static_cast<short>(adopted_ended_ ? 0 : POLLIN), 0}};
  if (::poll(ready, std::size(ready), -1) <= 0) return;
  if (ready[3].revents != 0) look_at_adopted(ready[3].revents);
  if (ready[2].revents != 0) read_channel();
  if (ready[0].revents != 0) read_signals();
  if (ready[1].revents != 0) feed(TimeCame{});
}

void Shell::feed(const Event& event) {
  for (const auto& action : step(state_, event, now())) act(action);
}

void Shell::act(const Action& action) {
  std::visit(overloaded{
                 [this](const Connect&) { feed(channel_.connect() ? Event{LinkUp{}} : Event{LinkDown{}}); },
                 [this](const Send& send) {
                   if (channel_.send(send.message)) return;
                   channel_.close();
                   feed(LinkDown{});
                 },
                 [this](const Fork&) { fork_keeper(); },
                 [this](const Release&) {
                   (void)!::write(release_.get(), "g", 1);
                   release_.reset();
                 },
                 [this](const Signal& signal) {
                   if (adopted_)
                     (void)::syscall(SYS_pidfd_send_signal, adopted_.get(), signal.number, nullptr, 0U);
                   else
                     (void)::kill(signal.pid, signal.number);
                 },
                 [this](const TakeGuard& take) {
                   guard_ = channel_.take_descriptor();
                   guard_text_ = take.text;
                 },
                 [this](const FireGuard&) { fire_guard(); },
                 [this](const DropGuard&) { guard_.reset(); },
                 [this](const Watch& it) { watch(it.pid); },
                 [](const End& end) {
                   if (end.status == status_unknown)
                     (void)::dprintf(
                         2, "cutline-launcher: the restored application has ended, nobody could say how: exit 137\n");
                   end_as(end.status);
                 },
                 [this](const GiveUp&) {
                   (void)::dprintf(
                       2,
                       "cutline-launcher: no sidecar at %.*s within %lld s: is cutline-sidecar running in this pod?\n",
                       static_cast<int>(path_.size()), path_.data(), static_cast<long long>(patience.count() / 1000));
                   ::_exit(exit_no_sidecar);
                 },
             },
             action);
}

void Shell::read_signals() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo == SIGCHLD)
      reap();
    else
      feed(SignalCame{static_cast<int>(info.ssi_signo)});
  }
}

void Shell::reap() {
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, WNOHANG);
    if (ended <= 0) return;
    feed(ChildEnded{ended, status});
  }
}

void Shell::read_channel() {
  const bool alive = channel_.receive();
  while (const auto message = channel_.next()) feed(Received{*message, channel_.has_descriptor()});
  if (alive || channel_.fd() < 0) return;
  channel_.close();
  feed(LinkDown{});
}

void Shell::fork_keeper() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  Descriptor gate{ends[0]};
  release_.reset(ends[1]);
  const pid_t pid = ::fork();
  if (pid == 0) {
    for (auto* mine : {&release_, &signals_, &timer_, &guard_, &adopted_}) mine->reset();
    channel_.close();
    keep(command_, std::move(gate));
  }
  if (pid > 0) return feed(Forked{pid});
  (void)::dprintf(2, "cutline-launcher: fork: %s\n", std::strerror(errno));
  ::_exit(exit_no_sidecar);
}

void Shell::fire_guard() {
  const auto text = guard_text_.view();
  if (::pwrite(guard_.get(), text.data(), text.size(), 0) < 0)
    (void)::dprintf(2, "cutline-launcher: the guard could not write %.*s: %s\n", static_cast<int>(text.size()),
                    text.data(), std::strerror(errno));
}

void Shell::watch(Pid pid) {
  adopted_ended_ = false;
  adopted_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
  if (!adopted_) feed(AdoptedEnded{});
}

void Shell::look_at_adopted(short happened) {
  adopted_ended_ = true;
  const auto status = exit_status(adopted_.get());
  if (status || (happened & (POLLHUP | POLLERR | POLLNVAL)) != 0) adopted_.reset();
  feed(AdoptedEnded{status});
}

void Shell::arm_timer() {
  itimerspec when{};
  if (const auto wake = next_wake(state_)) {
    const auto at = std::max(*wake, Millis{1});
    when.it_value.tv_sec = at.count() / 1000;
    when.it_value.tv_nsec = at.count() % 1000 * 1'000'000;
  }
  (void)::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

}  // namespace cutline::launcher
