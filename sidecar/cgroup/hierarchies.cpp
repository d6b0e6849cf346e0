#include "sidecar/cgroup/hierarchies.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

namespace cutline::cgroup {
namespace {

std::vector<std::string> split(std::string_view text, char by) {
  std::vector<std::string> out;
  for (;;) {
    const auto end = text.find(by);
    out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

// glibc 2.36 has wrappers in <sys/mount.h>, which cannot be included together with <linux/mount.h>.
int configure(int context, unsigned command, const char* key, const char* value) {
  return static_cast<int>(::syscall(SYS_fsconfig, context, command, key, value, 0));
}

// "name=systemd" is a hierarchy without controllers; "cpu,cpuacct" one with both.
bool select(int context, const std::string& controllers) {
  constexpr std::string_view named = "name=";
  if (controllers.starts_with(named)) {
    return configure(context, FSCONFIG_SET_STRING, "name", controllers.c_str() + named.size()) == 0 &&
           configure(context, FSCONFIG_SET_FLAG, "none", nullptr) == 0;
  }
  for (const auto& controller : split(controllers, ',')) {
    if (configure(context, FSCONFIG_SET_FLAG, controller.c_str(), nullptr) != 0) return false;
  }
  return true;
}

Result<Fd> mount_detached(const std::string& controllers) {
  const std::string what = fmt::format("mount the cgroup hierarchy '{}'", controllers);
  const Fd context{static_cast<int>(::syscall(SYS_fsopen, controllers.empty() ? "cgroup2" : "cgroup", FSOPEN_CLOEXEC))};
  if (!context) return fail_errno(errno, what);
  if (!controllers.empty() && !select(context.get(), controllers)) return fail_errno(errno, what);
  if (configure(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr) != 0) return fail_errno(errno, what);
  Fd mount{static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0))};
  if (!mount) return fail_errno(errno, what);
  return mount;
}

Result<std::vector<Hierarchy>> open_all(const std::string& proc) {
  auto text = read_file(proc + "/cgroup");  // relative to the namespace just joined, as the mounts are
  if (!text) return tl::unexpected(text.error());
  std::vector<Hierarchy> out;
  for (const auto& line : parse(*text)) {
    auto mount = mount_detached(line.controllers);
    if (!mount) return tl::unexpected(mount.error());
    auto folder = open_at(mount->get(), "." + line.path, O_RDONLY | O_DIRECTORY);
    if (!folder) return forward(folder, fmt::format("cgroup hierarchy '{}'", line.controllers));
    out.push_back({line.controllers, std::move(*folder)});
  }
  return out;
}

}  // namespace

bool Hierarchy::has(std::string_view controller) const {
  const auto all = split(controllers, ',');
  return std::ranges::find(all, controller) != all.end();
}

std::vector<Line> parse(std::string_view text) {
  std::vector<Line> out;
  for (const auto& line : split(text, '\n')) {
    const auto first = line.find(':');
    const auto second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    out.push_back({line.substr(first + 1, second - first - 1), line.substr(second + 1)});
  }
  return out;
}

Result<std::vector<Hierarchy>> of_process(pid_t pid) {
  const std::string proc = fmt::format("/proc/{}", pid);
  auto space = open_file(proc + "/ns/cgroup", O_RDONLY);
  if (!space) return tl::unexpected(space.error());
  Result<std::vector<Hierarchy>> out = fail(Code::Internal, "not run");
  // Namespaces belong to threads: this one joins, opens and ends.
  std::jthread([&] {
    if (::setns(space->get(), CLONE_NEWCGROUP) != 0) {
      out = fail_errno(errno, fmt::format("join the cgroup namespace of process {}", pid));
      return;
    }
    out = open_all(proc);
  }).join();
  return out;
}

}  // namespace cutline::cgroup
