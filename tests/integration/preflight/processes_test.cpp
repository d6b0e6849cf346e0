// Processes in states that CRIU cannot save, each brought about for real.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <thread>

#include "sidecar/preflight/preflight.hpp"
#include "tests/integration/preflight/child.hpp"

namespace cutline::preflight {
namespace {

// A child of the process under test that does `work`, then stands still.
template <class Work>
int in_child(const Work& work) {
  int ready[2];
  if (::pipe(ready) != 0) return errno;
  if (::fork() == 0) {
    ::close(100);
    const int error = work();
    (void)!::write(ready[1], &error, sizeof error);
    ::close(ready[0]), ::close(ready[1]);
    for (;;) ::pause();
  }
  int error = EPIPE;
  ::close(ready[1]);
  (void)!::read(ready[0], &error, sizeof error);
  ::close(ready[0]);
  return error;
}

struct Case {
  const char* name;
  int (*make)();
  const char* object;
  const char* remedy;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

int traced() {
  return in_child([] { return made(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); });
}

int leader_ended() {
  if (::fork() == 0) {
    ::close(100);
    std::thread{[] {
      for (;;) ::pause();
    }}.detach();
    ::syscall(SYS_exit, 0);  // this thread alone
  }
  return 0;
}

int waits_in_vfork() {
  if (::fork() == 0) {
    ::close(100);
    // The grandchild shares its parent's memory until it calls exec, which it never does.
    if (::syscall(SYS_vfork) == 0) {
      for (;;) ::syscall(SYS_pause);
    }
    ::_exit(0);
  }
  return 0;
}

template <int Flag>
int other_namespace() {
  return in_child([] { return made(::unshare(Flag)); });
}

int other_pid_namespace() {
  if (::unshare(CLONE_NEWPID) != 0) return errno;
  return in_child([] { return 0; });
}

int deadline_scheduling() {
  struct {
    std::uint32_t size, policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime, deadline, period;
  } attributes{48, 6, 0, 0, 0, 1'000'000, 100'000'000, 100'000'000};
  return made(::syscall(SYS_sched_setattr, 0, &attributes, 0));
}

int program_in_memory() {
  const int fd = ::memfd_create("program", MFD_CLOEXEC);
  const int sleep = ::open("/bin/sleep", O_RDONLY);
  while (::copy_file_range(sleep, nullptr, fd, nullptr, 1 << 20, 0) > 0) {
  }
  char buffer[65536];
  for (ssize_t n = 0; (n = ::read(sleep, buffer, sizeof buffer)) > 0;)
    (void)!::write(fd, buffer, static_cast<std::size_t>(n));
  ::close(sleep);
  if (::fork() == 0) {
    const char* arguments[] = {"sleep", "60", nullptr};
    const char* environment[] = {nullptr};
    (void)::fexecve(fd, const_cast<char**>(arguments), const_cast<char**>(environment));
    ::_exit(1);
  }
  ::close(fd);
  return 0;
}

const Case kCases[] = {
    {"traced", traced, "traced by process", "detach the debugger"},
    {"leader_ended", leader_ended, "first thread has ended", "let the main thread wait"},
    {"waits_in_vfork", waits_in_vfork, "waits for its vfork child", "called exec or ended"},
    {"user_namespace", other_namespace<CLONE_NEWUSER>, "its own user namespace", "sandbox"},
    {"uts_namespace", other_namespace<CLONE_NEWUTS>, "its own uts namespace", "sandbox"},
    {"ipc_namespace", other_namespace<CLONE_NEWIPC>, "its own ipc namespace", "sandbox"},
    {"mount_namespace", other_namespace<CLONE_NEWNS>, "its own mnt namespace", "sandbox"},
    {"network_namespace", other_namespace<CLONE_NEWNET>, "its own net namespace", "sandbox"},
    {"pid_namespace", other_pid_namespace, "its own pid namespace", "sandbox"},
    {"deadline_scheduling", deadline_scheduling, "SCHED_DEADLINE", "SCHED_FIFO"},
    {"program_in_memory", program_in_memory, "/memfd:program", "start it from a file"},
};

class FatalProcess : public testing::TestWithParam<Case> {};

TEST_P(FatalProcess, IsToldWithItsRemedy) {
  const Child child{GetParam().make};
  expect_finding(child.inspect_until_found(), true, GetParam().object, GetParam().remedy);
}

INSTANTIATE_TEST_SUITE_P(Each, FatalProcess, testing::ValuesIn(kCases),
                         [](const auto& each) { return each.param.name; });

TEST(Preflight, TellsOfProcessesOfTheContainerOutsideOfTheTree) {
  const Child child{[] { return in_child([] { return 0; }); }};
  const auto findings = inspect({"app", child.pid(), {child.pid()}, {}});
  expect_finding(findings, false, "not below the application", "not rolled back");
  const auto other = child.tree().back();
  EXPECT_THAT(inspect({"app", child.pid(), {child.pid()}, {other}}), testing::IsEmpty())
      << "the launcher is outside on purpose";
}

TEST(Preflight, SaysNothingOfADaemonWhoseStarterHasEndedForTheKeeperAdoptsIt) {
  const Child child{[] {
    (void)::prctl(PR_SET_CHILD_SUBREAPER, 1);
    const pid_t starter = ::fork();
    if (starter == 0) {
      ::close(100);
      ::setsid();
      if (::fork() == 0) {
        for (;;) ::pause();
      }
      ::_exit(0);
    }
    return made(::waitpid(starter, nullptr, 0));
  }};
  EXPECT_THAT(child.inspect(), testing::IsEmpty());
}

}  // namespace
}  // namespace cutline::preflight
