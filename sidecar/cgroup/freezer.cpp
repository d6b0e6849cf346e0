#include "sidecar/cgroup/freezer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>

#include <cerrno>
#include <ctime>

#include "sidecar/cgroup/tasks.hpp"

namespace cutline::cgroup {
namespace {

constexpr Millis kFreezeBeforeKill{500};

// The freezer controller of v1 where it is in use, else v2, which freezes without any controller.
Result<std::size_t> choose(const std::vector<Hierarchy>& all, bool only_unified) {
  for (const auto& hierarchy : all) {
    if (!only_unified && hierarchy.has("freezer")) return static_cast<std::size_t>(&hierarchy - all.data());
  }
  for (const auto& hierarchy : all) {
    if (hierarchy.unified()) return static_cast<std::size_t>(&hierarchy - all.data());
  }
  return fail(Code::Unsupported, "this machine has neither a cgroup v1 freezer nor cgroup v2");
}

void pause_shortly() {
  const timespec time{0, 100'000};
  (void)::nanosleep(&time, nullptr);
}

}  // namespace

Freezer::Freezer(std::vector<Hierarchy> hierarchies, std::size_t mine, Fd folder)
    : hierarchies_(std::move(hierarchies)),
      mine_(mine),
      unified_(hierarchies_[mine].unified()),
      folder_(std::move(folder)) {}

Result<Freezer> Freezer::open(pid_t of, bool only_unified, const char* name) {
  auto hierarchies = of_process(of);
  if (!hierarchies) return forward(hierarchies, fmt::format("cgroups of process {}", of));
  const auto mine = choose(*hierarchies, only_unified);
  if (!mine) return tl::unexpected(mine.error());
  const int parent = (*hierarchies)[*mine].folder.get();
  if (::mkdirat(parent, name, 0755) != 0 && errno != EEXIST) return fail_errno(errno, "create the freezer cgroup");
  auto folder = open_at(parent, name, O_RDONLY | O_DIRECTORY);
  if (!folder) return forward(folder, "freezer cgroup");
  return Freezer{std::move(*hierarchies), *mine, std::move(*folder)};
}

Status Freezer::add(pid_t pid) { return write_control(folder(), "cgroup.procs", std::to_string(pid)); }

Status Freezer::write_state(std::string_view word) {
  return write_control(folder(), unified_ ? "cgroup.freeze" : "freezer.state", word);
}

Status Freezer::freeze(Deadline deadline) {
  if (auto written = write_state(unified_ ? "1" : "FROZEN"); !written) return written;
  for (;;) {
    const auto done = frozen();  // reading makes v1 look again
    if (!done) return tl::unexpected(done.error());
    if (*done) return {};
    if (deadline.passed()) break;
    pause_shortly();
  }
  const auto culprit = unfrozen_task();
  if (auto thawed = thaw(); !thawed) return forward(thawed, "the freeze timed out, and the thaw failed");
  return fail(Code::Timeout, "not all tasks could be frozen in time{}", culprit);
}

Status Freezer::thaw() { return write_state(thaw_word()); }

Result<bool> Freezer::frozen() const {
  auto file = open_at(folder(), unified_ ? "cgroup.events" : "freezer.state", O_RDONLY);
  if (!file) return tl::unexpected(file.error());
  const auto text = read_all(file->get(), 4096);
  if (!text) return tl::unexpected(text.error());
  return unified_ ? text->find("frozen 1") != std::string::npos : text->starts_with("FROZEN");
}

Result<std::vector<pid_t>> Freezer::pids() const { return numbers(folder(), "cgroup.procs"); }
Result<std::vector<pid_t>> Freezer::tids() const { return numbers(folder(), unified_ ? "cgroup.threads" : "tasks"); }

// A task in an uninterruptible wait other than the freezer's own: a parent blocked in vfork, a file system that hangs.
std::string Freezer::unfrozen_task() const {
  const auto all = tids();
  if (!all) return {};
  for (const auto tid : *all) {
    const auto stat = stat_of(tid);
    const auto where = read_file(fmt::format("/proc/{}/wchan", tid));
    if (!stat || !where || where->find("refrigerator") != std::string::npos) continue;
    if (!stat->fields.starts_with('D')) continue;
    return fmt::format(": {} waits in {}", stat->who, *where);
  }
  return {};
}

Status Freezer::kill_all(Deadline deadline) {
  (void)freeze(deadline.sooner(kFreezeBeforeKill));  // not fatal: they must end all the same
  std::set<pid_t> killed;
  std::set<pid_t> dying;  // with children that are dead already, but not reaped
  for (;;) {
    const auto now = pids();
    if (!now) return tl::unexpected(now.error());
    const auto before = killed.size();
    for (const auto pid : *now) {
      if (!killed.insert(pid).second) continue;
      for (const auto child : children_of(pid)) dying.insert(child);
      dying.insert(pid);
    }
    for (const auto pid : dying) (void)::kill(pid, SIGKILL);
    if (killed.size() == before || deadline.passed()) break;  // unfrozen ones, or thawed by a launcher, can still fork
  }
  if (auto thawed = thaw(); !thawed) return forward(thawed, "thaw what was killed");
  return wait_gone({dying.begin(), dying.end()}, deadline);
}

Result<Fd> Freezer::state_fd() const {
  return open_at(folder(), unified_ ? "cgroup.freeze" : "freezer.state", O_WRONLY);
}

Result<std::vector<Fd>> Freezer::entrances() const {
  std::vector<Fd> out;
  for (std::size_t i = 0; i < hierarchies_.size(); ++i) {
    auto procs = open_at(i == mine_ ? folder() : hierarchies_[i].folder.get(), "cgroup.procs", O_WRONLY);
    if (!procs) return forward(procs, fmt::format("cgroup hierarchy '{}'", hierarchies_[i].controllers));
    out.push_back(std::move(*procs));
  }
  return out;
}

}  // namespace cutline::cgroup
