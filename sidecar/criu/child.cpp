#include "sidecar/criu/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace cutline::criu {
namespace {

constexpr std::size_t kMostSaid = 64U << 10U;
constexpr int kFirst = 3;
constexpr int kAway = 100;  // above every final number, so that none is overwritten before it is moved

// Everything that happens between fork and exec; nothing here allocates or locks.
struct Plan {
  int input;
  int output;
  int report;
  const std::vector<int>& inherited;
  const std::vector<int>& entrances;
  bool dies_with_caller;
  char* const* arguments;
  char* const* environment;
};

[[noreturn]] void complain(int report) {
  const int error = errno;
  (void)::write(report, &error, sizeof error);
  ::_exit(127);
}

[[noreturn]] void become(const Plan& plan) {
  const int report = ::fcntl(plan.report, F_DUPFD_CLOEXEC, kAway * 2);
  if (report < 0 || ::setpgid(0, 0) != 0) complain(plan.report);
  if (plan.dies_with_caller && ::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) complain(report);
  for (const int entrance : plan.entrances) {
    if (::write(entrance, "0", 1) != 1) complain(report);
  }
  for (int fd = 0; fd < kFirst; ++fd) {
    if (::dup2(fd == 0 ? plan.input : plan.output, fd) < 0) complain(report);
  }
  const int count = static_cast<int>(plan.inherited.size());
  int moved[kAway];
  for (int i = 0; i < count; ++i) {
    moved[i] = ::fcntl(plan.inherited[static_cast<std::size_t>(i)], F_DUPFD_CLOEXEC, kAway);
    if (moved[i] < 0) complain(report);
  }
  for (int i = 0; i < count; ++i) {
    if (::dup2(moved[i], kFirst + i) < 0) complain(report);
  }
  (void)::syscall(SYS_close_range, static_cast<unsigned>(kFirst + count), ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
  sigset_t none;
  ::sigemptyset(&none);
  (void)::sigprocmask(SIG_SETMASK, &none, nullptr);
  (void)::signal(SIGPIPE, SIG_DFL);
  ::execve(plan.arguments[0], plan.arguments, plan.environment);
  complain(report);
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (const auto& string : strings) out.push_back(const_cast<char*>(string.c_str()));
  out.push_back(nullptr);
  return out;
}

void reap_group(pid_t group) {
  (void)::kill(-group, SIGKILL);
  while (::waitpid(-group, nullptr, 0) > 0 || errno == EINTR) {
  }
}

std::string first_part_of(int file) {
  std::string out(kMostSaid, '\0');
  const auto n = ::pread(file, out.data(), out.size(), 0);
  out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return out;
}

}  // namespace

int Child::inherit_number(int fd) {
  inherited_.push_back(fd);
  return kFirst + static_cast<int>(inherited_.size()) - 1;
}

std::string Child::inherit(int fd) { return fmt::format("/proc/self/fd/{}", inherit_number(fd)); }

Running::~Running() {
  if (pid_ != 0) reap_group(pid_);
}

Result<Outcome> Running::wait(Deadline deadline) {
  const Fd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
  pollfd poll{pidfd.get(), POLLIN, 0};
  while (!deadline.passed()) {
    if (::poll(&poll, 1, static_cast<int>(deadline.left().count())) <= 0) continue;
    int status = 0;
    if (::waitpid(std::exchange(pid_, 0), &status, 0) < 0) return fail_errno(errno, "wait for CRIU");
    return Outcome{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), first_part_of(output_.get())};
  }
  reap_group(std::exchange(pid_, 0));
  return fail(Code::Timeout, "CRIU did not end in time and was killed");
}

Result<Running> Child::start() const {
  if (inherited_.size() >= kAway - kFirst) return fail(Code::Internal, "too many descriptors to inherit");
  auto null = open_file("/dev/null", O_RDWR);
  if (!null) return tl::unexpected(null.error());
  Fd output{::memfd_create("output", MFD_CLOEXEC)};
  if (!output) return fail_errno(errno, "memfd");
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  const Fd read_end{ends[0]};
  Fd write_end{ends[1]};
  const auto argv = pointers(arguments);
  const auto envp = pointers(environment);
  const Plan plan{null->get(), output.get(),     write_end.get(), inherited_,
                  entrances,   dies_with_caller, argv.data(),     envp.data()};
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno(errno, "fork");
  if (pid == 0) become(plan);
  (void)::setpgid(pid, pid);
  write_end.reset();
  int error = 0;
  if (::read(read_end.get(), &error, sizeof error) == sizeof error) {
    (void)::waitpid(pid, nullptr, 0);
    return fail_errno(error, "start CRIU");
  }
  return Running{pid, std::move(output)};
}

Result<Outcome> Child::run(Deadline deadline) const {
  auto running = start();
  if (!running) return tl::unexpected(running.error());
  return running->wait(deadline);
}

}  // namespace cutline::criu
