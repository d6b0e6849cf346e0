#include "sidecar/criu/exit_watch.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace cutline::criu {
namespace {

// <linux/pidfd.h> of kernel 6.15; the build machine's headers are older.
struct PidfdInfo {
  std::uint64_t mask;
  std::uint64_t cgroup;
  std::uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
  std::int32_t exit_code;
};
static_assert(sizeof(PidfdInfo) == 64);
constexpr std::uint64_t kInfoExit = 1U << 3U;
constexpr unsigned long kGetInfo = _IOWR(0xFF, 11, PidfdInfo);

Exit from_status(int status) {
  if (WIFSIGNALED(status)) return {0, WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

Exit from_siginfo(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return {info.si_status, 0};
  return {0, info.si_status};
}

}  // namespace

Status adopt_orphans() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return fail_errno(errno, "become the reaper of restored processes");
  return {};
}

void reap(const std::vector<pid_t>& pids) {
  siginfo_t info{};
  for (const auto pid : pids) (void)::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG);
}

Result<ExitWatch> ExitWatch::of(pid_t pid) {
  Fd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  if (!pidfd) return fail_errno(errno, fmt::format("watch process {}", pid));
  return of(pid, std::move(pidfd));
}

Result<ExitWatch> ExitWatch::of(pid_t pid, Fd pidfd) { return ExitWatch{pid, std::move(pidfd)}; }

Result<std::optional<Exit>> ExitWatch::poll() {
  if (exit_) return exit_;
  siginfo_t info{};
  if (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG) == 0) {
    if (info.si_pid != 0) exit_ = from_siginfo(info);
    return exit_;
  }
  pollfd ended{pidfd_.get(), POLLIN, 0};
  if (::poll(&ended, 1, 0) == 0) return std::nullopt;       // somebody else's child, and it runs
  if ((ended.revents & POLLHUP) == 0) return std::nullopt;  // a zombie: the kernel tells once its parent has reaped it
  PidfdInfo about{.mask = kInfoExit};
  if (::ioctl(pidfd_.get(), kGetInfo, &about) != 0 || (about.mask & kInfoExit) == 0) {
    return fail(Code::Unsupported, "process {} has ended; how, this kernel does not tell (6.15 would)", pid_);
  }
  exit_ = from_status(about.exit_code);
  return exit_;
}

Result<Exit> ExitWatch::wait(Deadline deadline) {
  for (;;) {
    auto now = poll();
    if (!now) return tl::unexpected(now.error());
    if (*now) return **now;
    if (deadline.passed()) return fail(Code::Timeout, "process {} still runs", pid_);
    pollfd ended{pidfd_.get(), POLLIN, 0};
    const int ready = ::poll(&ended, 1, static_cast<int>(deadline.left().count()));
    if (ready > 0 && (ended.revents & POLLHUP) == 0) (void)::poll(nullptr, 0, 1);  // a zombie that its parent will reap
  }
}

}  // namespace cutline::criu
