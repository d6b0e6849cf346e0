#include "tests/integration/preflight/child.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>

#include "base/deadline.hpp"
#include "base/fd.hpp"
#include "sidecar/preflight/fdinfo.hpp"
#include "sidecar/preflight/preflight.hpp"

namespace cutline::preflight {
namespace {

constexpr int kReady = 100;  // where the child keeps its end of the pipe

// As in a container: nothing is inherited, standard streams were opened inside.
bool settle(int ready) {
  if (::dup2(ready, kReady) < 0 || ::close_range(0, kReady - 1, 0) != 0 || ::close_range(kReady + 1, ~0U, 0) != 0)
    return false;
  if (::setsid() < 0 || ::unshare(CLONE_NEWNS) != 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return false;
  return ::open("/dev/null", O_RDWR) == 0 && ::dup(0) == 1 && ::dup(0) == 2 &&
         ::fcntl(kReady, F_SETFD, FD_CLOEXEC) == 0;
}

[[noreturn]] void run(int ready, const std::function<int()>& make) {
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  int error = settle(ready) ? make() : EPERM;
  (void)!::write(kReady, &error, sizeof error);
  (void)::close(kReady);
  for (;;) ::pause();
}

int parent_of(int pid) {
  return static_cast<int>(number(field(read_file(fmt::format("/proc/{}/status", pid)).value_or(""), "PPid")));
}

}  // namespace

Child::Child(const std::function<int()>& make) {
  int ready[2];
  if (::pipe2(ready, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  pid_ = ::fork();
  if (pid_ == 0) run(ready[1], make);
  (void)::close(ready[1]);
  int error = -1;
  const auto n = ::read(ready[0], &error, sizeof error);
  (void)::close(ready[0]);
  if (n == sizeof error && error == 0) return;
  throw std::runtime_error(
      fmt::format("the object could not be made: {}; this test needs root and a kernel with that object",
                  n == sizeof error ? std::strerror(error) : "the process ended"));
}

Child::~Child() {
  for (const int pid : tree()) (void)::kill(pid, SIGKILL);
  (void)::waitpid(pid_, nullptr, 0);
}

std::vector<int> Child::tree() const {
  std::vector<int> out{pid_};
  std::map<int, int> parents;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
    const auto pid = static_cast<int>(number(entry.path().filename().string()));
    if (pid > 0) parents.emplace(pid, parent_of(pid));
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    for (const auto& [pid, parent] : parents) {
      if (parent == out[i]) out.push_back(pid);
    }
  }
  return out;
}

std::vector<protocol::Finding> Child::inspect() const { return preflight::inspect({"app", pid_, tree(), {}}); }

std::vector<protocol::Finding> Child::inspect_until_found() const {
  const auto deadline = Deadline::after(std::chrono::seconds{10});
  auto found = inspect();
  while (found.empty() && !deadline.passed()) {
    (void)::poll(nullptr, 0, 5);
    found = inspect();
  }
  return found;
}

int made(long result) { return result < 0 ? errno : 0; }

void expect_finding(const std::vector<protocol::Finding>& findings, bool fatal, const char* object,
                    const char* remedy) {
  using protocol::Finding;
  using testing::AllOf;
  using testing::Field;
  using testing::HasSubstr;
  std::string all;
  for (const auto& f : findings) all += "\n  " + sentence(f);
  EXPECT_THAT(findings, testing::Contains(AllOf(Field(&Finding::fatal, fatal), Field(&Finding::container, "app"),
                                                Field(&Finding::object, HasSubstr(object)),
                                                Field(&Finding::remedy, HasSubstr(remedy)))))
      << "found:" << all;
  for (const auto& f : findings) std::printf("    %s\n", sentence(f).c_str());
}

}  // namespace cutline::preflight
