#include "base/child.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace cutline {
namespace {

constexpr int kFirst = 3;
constexpr int kAway = 100;  // above every final number, so that none is overwritten before it is moved

// Everything that happens between fork and exec; nothing here allocates or locks.
struct Plan {
  int input;
  int output;
  int errors;
  int report;
  const std::vector<int>& inherited;
  const std::vector<int>& entrances;
  bool dies_with_caller;
  int folder;
  int nice;
  const std::optional<Identity>& identity;
  char* const* arguments;
  char* const* environment;
};

[[noreturn]] void complain(int report) {
  const int error = errno;
  (void)::write(report, &error, sizeof error);
  ::_exit(127);
}

// The raw calls: those of the C library would ask the caller's other threads.
// A user who is not root keeps what is ambient, as exec would leave it; root has what is within the bounds.
bool take_identity(const Identity& id) {
  for (unsigned right = 0; right < 64; ++right)
    if ((id.bounding >> right & 1U) == 0 && ::prctl(PR_CAPBSET_DROP, right) != 0 && errno != EINVAL) return false;
  if (id.no_new_privileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  if (::prctl(PR_SET_KEEPCAPS, 1) != 0 || ::syscall(SYS_setgroups, id.groups.size(), id.groups.data()) != 0)
    return false;
  if (::syscall(SYS_setresgid, id.gid, id.gid, id.gid) != 0 || ::syscall(SYS_setresuid, id.uid, id.uid, id.uid) != 0)
    return false;
  const auto wanted = (id.uid == 0 ? id.bounding : 0) | id.inheritable | id.ambient;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct rights[2]{};
  if (::syscall(SYS_capget, &header, rights) != 0) return false;
  for (unsigned half = 0; half < 2; ++half) {
    rights[half].permitted &= static_cast<unsigned>(wanted >> (32 * half));
    rights[half].effective = rights[half].permitted;
    rights[half].inheritable = static_cast<unsigned>((id.inheritable | id.ambient) >> (32 * half));
  }
  if (::syscall(SYS_capset, &header, rights) != 0) return false;
  for (unsigned right = 0; right < 64; ++right)
    if ((id.ambient >> right & 1U) != 0 && ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, right, 0, 0) != 0)
      return false;
  return true;
}

bool step_back(int nice) {
  constexpr int kProcess = 1, kBestEffortLast = (2 << 13) | 7;
  return ::setpriority(PRIO_PROCESS, 0, nice) == 0 && ::syscall(SYS_ioprio_set, kProcess, 0, kBestEffortLast) == 0;
}

[[noreturn]] void become(const Plan& plan) {
  const int report = ::fcntl(plan.report, F_DUPFD_CLOEXEC, kAway * 2);
  if (report < 0 || ::setpgid(0, 0) != 0) complain(plan.report);
  if (plan.folder >= 0 && ::fchdir(plan.folder) != 0) complain(report);
  if (plan.nice != 0 && !step_back(plan.nice)) complain(report);
  for (const int entrance : plan.entrances) {
    if (::write(entrance, "0", 1) != 1) complain(report);
  }
  for (int fd = 0; fd < kFirst; ++fd) {
    if (::dup2(fd == 0 ? plan.input : fd == 1 ? plan.output : plan.errors, fd) < 0) complain(report);
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
  // After the user: who becomes another is no longer told of the caller's death.
  if (plan.identity && !take_identity(*plan.identity)) complain(report);
  if (plan.dies_with_caller && ::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) complain(report);
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

std::string part_of(const Fd& file, std::size_t from, std::size_t most) {
  struct stat now{};
  if (!file || ::fstat(file.get(), &now) != 0 || static_cast<std::size_t>(now.st_size) <= from) return {};
  std::string out(std::min(most, static_cast<std::size_t>(now.st_size) - from), '\0');
  const auto n = ::pread(file.get(), out.data(), out.size(), static_cast<off_t>(from));
  out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return out;
}

}  // namespace

Identity keeper_of_files(unsigned uid) {
  Identity out{.uid = uid, .gid = uid, .bounding = ~std::uint64_t{0}};
  for (const auto right : {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER})
    out.ambient |= std::uint64_t{1} << right;
  return out;
}

Result<Fd> memory_file(const std::string& text) {
  Fd file{::memfd_create("memory", MFD_CLOEXEC)};
  if (!file) return fail_errno(errno, "memfd");
  if (auto written = write_all(file.get(), text); !written) return tl::unexpected(written.error());
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return fail_errno(errno, "seek");
  return file;
}

int Child::inherit_number(int fd) {
  inherited_.push_back(fd);
  return kFirst + static_cast<int>(inherited_.size()) - 1;
}

std::string Child::inherit(int fd) { return fmt::format("/proc/self/fd/{}", inherit_number(fd)); }

Running::~Running() {
  if (pid_ != 0) reap_group(pid_);
}

bool Running::ends(Deadline deadline) const {
  const Fd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
  pollfd poll{pidfd.get(), POLLIN, 0};
  do {
    if (::poll(&poll, 1, static_cast<int>(deadline.left().count())) > 0) return true;
  } while (!deadline.passed());
  return false;
}

Result<Ended> Running::wait(Deadline deadline) {
  if (!ends(deadline)) {
    reap_group(std::exchange(pid_, 0));
    return fail(Code::Timeout, "{} did not end in time and was killed", name_);
  }
  int status = 0;
  if (::waitpid(std::exchange(pid_, 0), &status, 0) < 0) return fail_errno(errno, "wait for " + name_);
  return Ended{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), output(0), errors(0)};
}

std::string Running::output(std::size_t from) const { return part_of(output_, from, most_); }
std::string Running::errors(std::size_t from) const { return part_of(errors_, from, most_); }

Result<Running> Child::start() const {
  if (inherited_.size() >= kAway - kFirst) return fail(Code::Internal, "too many descriptors to inherit");
  auto from = input.empty() ? open_file("/dev/null", O_RDONLY) : memory_file(input);
  if (!from) return tl::unexpected(from.error());
  auto written = output < 0 ? memory_file({}) : Result<Fd>{Fd{}};
  if (!written) return tl::unexpected(written.error());
  const int to = output < 0 ? written->get() : output;
  auto errors = apart ? memory_file({}) : Result<Fd>{Fd{}};
  if (!errors) return tl::unexpected(errors.error());
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  const Fd read_end{ends[0]};
  Fd write_end{ends[1]};
  const auto argv = pointers(arguments);
  const auto envp = pointers(environment);
  const Plan plan{from->get(),      to,          apart ? errors->get() : to,
                  write_end.get(),  inherited_,  entrances,
                  dies_with_caller, folder,      nice,
                  identity,         argv.data(), envp.data()};
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno(errno, "fork");
  if (pid == 0) become(plan);
  (void)::setpgid(pid, pid);
  write_end.reset();
  int error = 0;
  if (::read(read_end.get(), &error, sizeof error) == sizeof error) {
    (void)::waitpid(pid, nullptr, 0);
    return fail_errno(error, "start " + name);
  }
  return Running{pid, *std::move(written), *std::move(errors), name, most};
}

Result<Ended> Child::run(Deadline deadline) const {
  auto running = start();
  if (!running) return tl::unexpected(running.error());
  return running->wait(deadline);
}

}  // namespace cutline
