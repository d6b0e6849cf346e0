#include "tests/integration/pod/container.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "sidecar/cgroup/tasks.hpp"
#include "tests/integration/pod/control_groups.hpp"
#include "tests/integration/pod/pod.hpp"

namespace cutline::test {
namespace {

constexpr Millis kPatience{10'000};

struct Pipe {
  Fd read;
  Fd write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  return Pipe{Fd{ends[0]}, Fd{ends[1]}};
}

Status become_user(const ContainerOptions& options) {
  if (options.no_capabilities) {
    for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability) >= 0; ++capability)
      (void)::prctl(PR_CAPBSET_DROP, capability);
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno(errno, "no_new_privs");
  }
  if (::setgroups(0, nullptr) != 0 || ::setresgid(options.gid, options.gid, options.gid) != 0)
    return fail_errno(errno, "setgid");
  if (::setresuid(options.uid, options.uid, options.uid) != 0) return fail_errno(errno, "setuid");
  return {};
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (auto& string : strings) out.push_back(string.data());
  out.push_back(nullptr);
  return out;
}

// Of the machine's own: symbolic links of a merged /usr are followed.
void add_system_folders(std::vector<Bind>& binds) {
  for (const auto* folder : {"/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc"}) {
    if (std::filesystem::exists(folder)) binds.push_back({folder, folder});
  }
}

std::string socket_name(const ContainerOptions& options) { return (options.hub ? "sidecar" : options.name) + ".sock"; }

struct Plan {
  const ContainerOptions& options;
  std::string root;
  std::vector<Bind> binds;
  std::vector<std::string> groups;
  int out;
  int err;
};

Status become_container(const Plan& plan) {
  for (const auto& group : plan.groups) {
    if (auto moved = write_control(AT_FDCWD, group, "0"); !moved) return moved;
  }
  if (auto entered = enter_rootfs(plan.root, plan.binds); !entered) return entered;
  auto null = open_file("/dev/null", O_RDONLY);
  if (!null) return tl::unexpected(null.error());
  if (::dup2(null->get(), 0) < 0 || ::dup2(plan.out, 1) < 0 || ::dup2(plan.err, 2) < 0)
    return fail_errno(errno, "dup2");
  if (auto user = become_user(plan.options); !user) return user;
  (void)::setsid();
  (void)::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);  // what the test itself was started with
  std::vector<std::string> arguments{"/.cutline/launcher", "--"};
  arguments.insert(arguments.end(), plan.options.command.begin(), plan.options.command.end());
  std::vector<std::string> environment{"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
                                       "CUTLINE_CONTAINER=" + plan.options.name,
                                       fmt::format("CUTLINE_SECCOMP={}", plan.options.seccomp ? "on" : "off"),
                                       "CUTLINE_SOCKET=/.cutline/" + socket_name(plan.options)};
  environment.insert(environment.end(), plan.options.environment.begin(), plan.options.environment.end());
  ::execve(arguments[0].c_str(), pointers(arguments).data(), pointers(environment).data());
  return fail_errno(errno, "exec the launcher");
}

// Its exec, or its end, closes the last write end.
void await_exec(Pipe begun) {
  begun.write.reset();
  char none = 0;
  while (::read(begun.read.get(), &none, 1) < 0 && errno == EINTR) {
  }
}

}  // namespace

std::string hub_socket() { return pod().shared + "/sidecar.sock"; }
std::string launcher_program() { return pod().shared + "/launcher"; }

Container::Container(Container&& other) noexcept
    : options_(std::move(other.options_)),
      data_(std::move(other.data_)),
      starts_(other.starts_),
      launcher_(std::exchange(other.launcher_, 0)),
      keeper_(std::exchange(other.keeper_, 0)),
      listener_(std::move(other.listener_)),
      link_(std::move(other.link_)),
      freezer_(std::move(other.freezer_)),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)) {}

Container::~Container() {
  if (launcher_ != 0) (void)!kill();
}

std::string Container::data() const { return data_; }

Result<Container> Container::start(ContainerOptions options) {
  Container out{std::move(options)};
  auto data = pod().folder + "/data-XXXXXX";
  if (::mkdtemp(data.data()) == nullptr) return fail_errno(errno, "create " + data);
  out.data_ = data;
  if (auto started = out.spawn(); !started) return tl::unexpected(started.error());
  if (out.options_.hub) return out;
  if (auto sent = out.link_->send(launcher::Start{}); !sent) return tl::unexpected(sent.error());
  const auto keeper = out.link_->expect<launcher::KeeperForked>(Deadline::after(kPatience));
  if (!keeper) return tl::unexpected(keeper.error());
  out.keeper_ = keeper->pid;
  if (auto added = out.freezer_->add(out.keeper_); !added) return tl::unexpected(added.error());
  if (auto sent = out.link_->send(launcher::Go{}); !sent) return tl::unexpected(sent.error());
  return out;
}

Status Container::spawn() {
  const auto root = fmt::format("{}/root-{}-{}", pod().folder, options_.name, starts_++);
  std::filesystem::create_directories(root);
  if (::chown(data().c_str(), options_.uid, options_.gid) != 0) return fail_errno(errno, "chown " + data());
  auto groups = make_groups(pod().cgroups, options_.name);
  if (!groups) return tl::unexpected(groups.error());
  if (!options_.hub) {
    auto listener = sidecar::listen_unix(pod().shared + "/" + socket_name(options_));
    if (!listener) return tl::unexpected(listener.error());
    listener_ = std::move(*listener);
  }
  auto out = make_pipe();
  auto err = make_pipe();
  auto begun = make_pipe();
  if (!out || !err || !begun) return fail(Code::Exhausted, "no pipe");
  std::vector<Bind> binds{{pod().shared, "/.cutline"}, {workload_program(), "/workload"}, {data(), "/data"}};
  if (options_.system_folders) add_system_folders(binds);
  binds.insert(binds.end(), options_.binds.begin(), options_.binds.end());

  const pid_t child = ::fork();
  if (child < 0) return fail_errno(errno, "fork");
  if (child == 0) {
    const auto failed = become_container({options_, root, binds, *groups, out->write.get(), err->write.get()});
    (void)::dprintf(2, "container %s: %s\n", options_.name.c_str(), failed.error().message.c_str());
    ::_exit(125);
  }
  launcher_ = child;
  out_ = Output{std::move(out->read)};
  err_ = Output{std::move(err->read)};
  await_exec(std::move(*begun));
  if (!options_.hub)
    if (auto greeted = greet(); !greeted) return greeted;
  auto freezer = cgroup::Freezer::open(launcher_);
  if (!freezer) return tl::unexpected(freezer.error());
  freezer_.emplace(std::move(*freezer));
  return {};
}

Status Container::greet() {
  auto link = LauncherLink::accept(listener_.get(), launcher_program(), Deadline::after(kPatience));
  if (!link) return fail(Code::Timeout, "container {}: {}: {}", options_.name, link.error().message, err_.text());
  const auto hello = link->expect<launcher::Hello>(Deadline::after(kPatience));
  if (!hello) return tl::unexpected(hello.error());
  link_.emplace(std::move(*link));
  return {};
}

Status Container::restart() {
  if (auto ended = kill(); !ended) return ended;
  return spawn();
}

Status Container::kill() {
  if (freezer_) {
    if (auto ended = freezer_->kill_all(Deadline::after(kPatience)); !ended) return ended;
  }
  const pid_t launcher = std::exchange(launcher_, 0);
  (void)::kill(launcher, SIGKILL);
  return cgroup::wait_gone({launcher}, Deadline::after(kPatience));
}

Result<int> Container::wait_for_end(Deadline deadline) {
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(launcher_, &status, WNOHANG);
    if (ended == launcher_) return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (ended < 0) return fail_errno(errno, "wait for the launcher");
    if (deadline.passed()) return fail(Code::Timeout, "the launcher still runs");
    (void)::usleep(1000);
  }
}

}  // namespace cutline::test
