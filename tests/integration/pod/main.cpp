#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "tests/integration/pod/control_groups.hpp"
#include "tests/integration/pod/enter.hpp"
#include "tests/integration/pod/pod.hpp"

namespace {

[[noreturn]] void die(const char* what) {
  (void)::dprintf(2, "pod in a box: %s: %s (needs root)\n", what, std::strerror(errno));
  ::_exit(1);
}

// Process 1 of the pod: reaps what is orphaned, ends the pod when the test is gone.
[[noreturn]] void pause_forever() {
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  (void)::prctl(PR_SET_NAME, "pause");
  for (;;) {
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    (void)::usleep(5000);
  }
}

int exit_code_of(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool only_lists(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view{argv[i]}.starts_with("--gtest_list_tests")) return true;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  const bool listing = only_lists(argc, argv);
  testing::InitGoogleTest(&argc, argv);
  if (listing) return RUN_ALL_TESTS();

  if (::unshare(CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0) die("unshare");
  const auto pod = cutline::test::name_pod(::getpid());
  const pid_t pause = ::fork();
  if (pause < 0) die("fork");
  if (pause == 0) pause_forever();
  const pid_t tests = ::fork();
  if (tests < 0) die("fork");
  if (tests == 0) {
    if (auto entered = cutline::test::enter_pod(pod); !entered) {
      (void)::dprintf(2, "pod in a box: %s\n", entered.error().message.c_str());
      ::_exit(1);
    }
    ::exit(RUN_ALL_TESTS());
  }
  const int code = exit_code_of(tests);
  (void)::kill(pause, SIGKILL);
  (void)exit_code_of(pause);  // returns when the whole PID namespace is empty
  cutline::test::remove_pod(pod);
  return code;
}
