#include "launcher/ending.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <initializer_list>

namespace cutline::launcher {

void end_as(int status) {
  if (WIFEXITED(status)) ::_exit(WEXITSTATUS(status));
  const int number = WTERMSIG(status);
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  (void)std::signal(number, SIG_DFL);
  (void)::kill(::getpid(), number);
  sigset_t only;
  (void)sigemptyset(&only);
  (void)sigaddset(&only, number);
  (void)::sigprocmask(SIG_UNBLOCK, &only, nullptr);
  ::_exit(128 + number);
}

sigset_t forwardable() {
  sigset_t all;
  (void)sigfillset(&all);
  for (const int number : {SIGCHLD, SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS})
    (void)sigdelset(&all, number);
  return all;
}

}  // namespace cutline::launcher
