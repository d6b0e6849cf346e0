#include <dirent.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <memory>

#include "base/fd.hpp"
#include "sidecar/preflight/fdinfo.hpp"
#include "sidecar/preflight/reader.hpp"

namespace cutline::preflight {
namespace {

constexpr std::size_t kLimit = 1U << 30U;

std::vector<int> numbers_in(const std::string& folder) {
  std::vector<int> out;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir{::opendir(folder.c_str()), ::closedir};
  while (const dirent* entry = dir ? ::readdir(dir.get()) : nullptr) {
    if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') out.push_back(static_cast<int>(number(entry->d_name)));
  }
  std::ranges::sort(out);
  return out;
}

std::string text_of(const std::string& path) { return read_file(path, kLimit).value_or(""); }

template <class Each>
void for_lines(std::string_view text, const Each& each) {
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    each(line);
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
}

std::optional<Descriptor> read_descriptor(const std::string& process, int fd) {
  const auto path = fmt::format("{}/fd/{}", process, fd);
  struct stat status{};
  Descriptor d;
  d.number = fd;
  d.link = read_link(path);
  if (d.link.empty() || ::stat(path.c_str(), &status) != 0) return std::nullopt;
  d.info = text_of(fmt::format("{}/fdinfo/{}", process, fd));
  d.type = status.st_mode & S_IFMT;
  d.device = status.st_rdev;
  d.links = status.st_nlink;
  d.size = static_cast<std::uint64_t>(status.st_size);
  d.inode = status.st_ino;
  struct statfs system{};
  if (::statfs(path.c_str(), &system) == 0) d.file_system = static_cast<std::uint64_t>(system.f_type);
  if (!S_ISSOCK(d.type)) return d;
  std::array<char, 64> name{};
  const ssize_t n = ::getxattr(path.c_str(), "system.sockprotoname", name.data(), name.size() - 1);
  if (n > 0) d.protocol = name.data();  // ends with a NUL
  return d;
}

// "7f00-7f10 rw-s 00000000 08:01 1234    /path", followed by "Name: value" lines.
std::vector<Mapping> read_mappings(const std::string& process) {
  std::vector<Mapping> out;
  for_lines(text_of(process + "/smaps"), [&](std::string_view line) {
    const auto word = line.substr(0, line.find(' '));
    if (!word.ends_with(':')) {
      auto rest = line;
      for (int i = 0; i < 5 && !rest.empty(); ++i) {
        rest.remove_prefix(std::min(rest.find(' '), rest.size()));
        rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
      }
      out.push_back({std::string{word}, std::string{rest}, {}, 0});
    } else if (!out.empty() && word == "VmFlags:") {
      out.back().flags = field(line, "VmFlags");
    } else if (!out.empty() && word == "ProtectionKey:") {
      out.back().protection_key = number(field(line, "ProtectionKey"));
    }
  });
  return out;
}

Thread read_thread(const std::string& process, int pid, int tid) {
  const auto path = fmt::format("{}/task/{}", process, tid);
  const auto status = text_of(path + "/status");
  Thread t;
  t.tid = tid;
  const auto state = field(status, "State");
  if (!state.empty()) t.state = state.front();
  t.cpus = field(status, "Cpus_allowed_list");
  t.waits_in = t.state == 'D' ? text_of(path + "/wchan") : "";
  t.cwd = read_link(path + "/cwd");
  for (const auto* kind : {"user", "uts", "ipc", "pid", "time", "mnt", "net"}) {
    if (auto link = read_link(fmt::format("{}/ns/{}", path, kind)); !link.empty())
      t.namespaces.emplace(kind, std::move(link));
  }
  t.scheduler = ::sched_getscheduler(tid) & ~SCHED_RESET_ON_FORK;
  t.own_descriptors = tid != pid && ::syscall(SYS_kcmp, pid, tid, KCMP_FILES, 0, 0) > 0;
  return t;
}

}  // namespace

std::string read_link(const std::string& path) {
  std::array<char, PATH_MAX> buffer{};
  const ssize_t n = ::readlink(path.c_str(), buffer.data(), buffer.size());
  return n < 0 ? std::string{} : std::string{buffer.data(), static_cast<std::size_t>(n)};
}

std::optional<Process> read_process(int pid) {
  const auto path = fmt::format("/proc/{}", pid);
  const auto status = text_of(path + "/status");
  if (status.empty()) return std::nullopt;
  Process p;
  p.pid = pid;
  p.name = field(status, "Name");
  p.state = field(status, "State").empty() ? '?' : field(status, "State").front();
  p.parent = static_cast<int>(number(field(status, "PPid")));
  p.tracer = static_cast<int>(number(field(status, "TracerPid")));
  p.thread_count = static_cast<int>(number(field(status, "Threads")));
  p.executable = read_link(path + "/exe");
  constexpr int kOfProcess = 1;  // IOPRIO_WHO_PROCESS
  const long priority = ::syscall(SYS_ioprio_get, kOfProcess, pid);
  p.io_priority =
      priority > 0 && (priority >> 13) != 0 ? static_cast<int>(priority) : 0;  // class 0: follows the nice value
  for (const int tid : numbers_in(path + "/task")) p.threads.push_back(read_thread(path, pid, tid));
  if (p.threads.empty()) return std::nullopt;
  for (const int fd : numbers_in(path + "/fd")) {
    if (auto d = read_descriptor(path, fd)) p.descriptors.push_back(*std::move(d));
  }
  p.mappings = read_mappings(path);
  return p;
}

std::vector<Process> read_container_processes(int root) {
  std::vector<Process> out;
  const auto mine = read_link(fmt::format("/proc/{}/ns/mnt", root));
  for (const int pid : numbers_in("/proc")) {
    if (mine.empty() || read_link(fmt::format("/proc/{}/ns/mnt", pid)) != mine) continue;
    Process p;
    p.pid = pid;
    p.name = field(text_of(fmt::format("/proc/{}/status", pid)), "Name");
    if (!p.name.empty()) out.push_back(std::move(p));
  }
  return out;
}

std::set<std::uint64_t> read_mounts(int pid) {
  std::set<std::uint64_t> out;
  for_lines(text_of(fmt::format("/proc/{}/mountinfo", pid)), [&](std::string_view line) { out.insert(number(line)); });
  return out;
}

}  // namespace cutline::preflight
