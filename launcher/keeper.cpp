#include "launcher/keeper.hpp"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "launcher/ending.hpp"
#include "launcher/filter.hpp"

namespace cutline::launcher {
namespace {

constexpr int not_executable = 126;
constexpr int not_found = 127;

[[noreturn]] void fail_to_run(const char* name, int error) {
  if (error == ENOENT || error == ENOTDIR) {
    const char* path = std::getenv("PATH");
    (void)::dprintf(2, "cutline-launcher: %s: not found (nor, if it is a script, its interpreter; PATH=%s)\n", name,
                    path == nullptr ? "" : path);
    ::_exit(not_found);
  }
  (void)::dprintf(2, "cutline-launcher: %s: cannot be executed: %s\n", name, std::strerror(error));
  ::_exit(not_executable);
}

// A process group of its own: what the application sends to its group does not reach the keeper. The session stays the
// keeper's, so that what it leaves behind there is restored in its place.
[[noreturn]] void become_application(const Command& command) {
  (void)::setpgid(0, 0);
  if (command.filtered && !install_filter())
    (void)::dprintf(2, "cutline-launcher: no seccomp filter (%s): io_uring and MPTCP are not refused\n",
                    std::strerror(errno));
  (void)::sigprocmask(SIG_SETMASK, &command.mask, nullptr);
  (void)::execvpe(command.argv[0], command.argv, environ);
  fail_to_run(command.argv[0], errno);
}

void await_release(Descriptor gate) {
  char byte = 0;
  for (;;) {
    const ssize_t n = ::read(gate.get(), &byte, 1);
    if (n == 1) return;
    if (n == 0 || errno != EINTR) ::_exit(0);
  }
}

void reap(pid_t application) {
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, WNOHANG);
    if (ended <= 0) return;
    if (ended == application) end_as(status);
  }
}

}  // namespace

void keep(const Command& command, Descriptor gate) {
  (void)::setsid();
  (void)::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  (void)::prctl(PR_SET_NAME, "cutline-keeper", 0, 0, 0);
  await_release(std::move(gate));
  const pid_t application = ::fork();
  if (application == 0) become_application(command);
  if (application < 0) fail_to_run(command.argv[0], errno);
  (void)::syscall(SYS_close_range, 3U, ~0U, 0U);
  sigset_t wanted = forwardable();
  (void)sigaddset(&wanted, SIGCHLD);
  for (;;) {
    const int number = ::sigwaitinfo(&wanted, nullptr);
    if (number == SIGCHLD)
      reap(application);
    else if (number > 0)
      (void)::kill(application, number);
  }
}

}  // namespace cutline::launcher
