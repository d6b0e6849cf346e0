#include "tests/integration/kube/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace cutline::test {
namespace {

// Between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(char* const* argv, int log, int parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execv(argv[0], argv);
  ::_exit(127);
}

}  // namespace

Result<Process> Process::start(const std::vector<std::string>& argv, const std::string& log) {
  auto out = open_file(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (!out) return tl::unexpected(out.error());
  std::vector<std::string> copies{argv};
  std::vector<char*> pointers;
  for (auto& arg : copies) pointers.push_back(arg.data());
  pointers.push_back(nullptr);
  const auto parent = ::getpid();
  const auto pid = ::fork();
  if (pid < 0) return fail_errno(errno, "fork");
  if (pid == 0) become(pointers.data(), out->get(), parent);
  Fd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  Process process{pid, std::move(pidfd)};
  if (!process.pidfd_) return fail_errno(errno, "pidfd_open");
  return process;
}

Process::Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}
Process& Process::operator=(Process&& other) noexcept {
  if (this == &other) return *this;
  stop(Deadline::after(Millis{10'000}));
  pid_ = std::exchange(other.pid_, -1);
  pidfd_ = std::move(other.pidfd_);
  return *this;
}
Process::~Process() { stop(Deadline::after(Millis{10'000})); }

Result<int> Process::wait(Deadline deadline) {
  if (pid_ < 0) return fail(Code::NotFound, "no process");
  pollfd ended{pidfd_.get(), POLLIN, 0};
  while (::poll(&ended, 1, static_cast<int>(deadline.left().count())) < 0 && errno == EINTR) {
  }
  int status = 0;
  const auto reaped = ::waitpid(pid_, &status, WNOHANG);
  if (reaped == 0) return fail(Code::Timeout, "process {} is still running", pid_);
  if (reaped < 0) return fail_errno(errno, "waitpid");
  pid_ = -1;
  return status;
}

void Process::stop(Deadline deadline, bool crash) {
  if (pid_ < 0) return;
  ::kill(pid_, crash ? SIGKILL : SIGTERM);
  if (wait(deadline) || pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  (void)wait(Deadline::after(Millis{10'000}));
  pid_ = -1;
}

Result<std::string> run(const std::vector<std::string>& argv, const std::string& log, Deadline deadline) {
  auto process = Process::start(argv, log);
  if (!process) return tl::unexpected(process.error());
  const auto status = process->wait(deadline);
  if (!status) return forward(status, argv[0]);
  auto output = read_file(log);
  if (*status != 0)
    return fail(Code::Invalid, "{} ended with {}: {}", argv[0], *status, output ? *output : "no output");
  return output;
}

}  // namespace cutline::test
