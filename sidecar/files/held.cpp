#include "sidecar/files/held.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>

#include "base/fd.hpp"

namespace cutline::files {
namespace {

using Found = std::map<std::pair<dev_t, ino_t>, Held>;

std::string read_link(const std::string& path) {
  std::array<char, PATH_MAX> buffer{};
  const ssize_t n = ::readlink(path.c_str(), buffer.data(), buffer.size());
  return n < 0 ? std::string{} : std::string{buffer.data(), static_cast<std::size_t>(n)};
}

// `link` is a magic link of /proc. Its target is looked at, never opened: opening a pipe or a device would have
// effects.
void note(Found& found, const std::string& link, const struct stat& status, bool mapped) {
  struct statfs system{};
  if (::statfs(link.c_str(), &system) != 0 || kernel_file_system(system.f_type)) return;
  auto [at, fresh] = found.try_emplace({status.st_dev, status.st_ino});
  if (fresh) at->second = {read_link(link), status.st_dev, status.st_ino, mapped};
  at->second.mapped = at->second.mapped || mapped;
}

bool savable(const std::string& link, struct stat& status) {
  return ::stat(link.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink > 0;
}

bool open_for_writing(int pid, const char* number) {
  const auto info = read_file(fmt::format("/proc/{}/fdinfo/{}", pid, number));
  if (!info) return false;
  const auto at = info->find("flags:");
  if (at == std::string::npos) return false;
  const auto flags = std::strtoul(info->c_str() + at + 6, nullptr, 8);
  return (flags & O_PATH) == 0 && (flags & O_ACCMODE) != O_RDONLY;
}

Status by_descriptor(Found& found, int pid) {
  const auto folder = fmt::format("/proc/{}/fd", pid);
  const std::unique_ptr<DIR, int (*)(DIR*)> dir{::opendir(folder.c_str()), ::closedir};
  if (!dir) return errno == ENOENT || errno == ESRCH ? Status{} : fail_errno(errno, "opendir " + folder);
  while (const dirent* entry = ::readdir(dir.get())) {
    if (entry->d_name[0] == '.') continue;
    const auto link = folder + '/' + entry->d_name;
    struct stat status{};
    if (savable(link, status) && open_for_writing(pid, entry->d_name)) note(found, link, status, false);
  }
  return {};
}

Status by_mapping(Found& found, int pid) {
  const auto maps = read_file(fmt::format("/proc/{}/maps", pid), 256U << 20U);
  if (!maps) return maps.error().code == Code::NotFound ? Status{} : forward(maps, "mappings");
  for (std::size_t at = 0; at < maps->size();) {
    const auto end = maps->find('\n', at);
    unsigned long from = 0;
    unsigned long to = 0;
    unsigned long inode = 0;
    std::array<char, 5> mode{};
    // 7f00-7f10 rw-s 00000000 08:01 1234   /path
    if (std::sscanf(maps->c_str() + at, "%lx-%lx %4s %*x %*x:%*x %lu", &from, &to, mode.data(), &inode) == 4 &&
        inode != 0 && mode[1] == 'w' && mode[3] == 's') {
      const auto link = fmt::format("/proc/{}/map_files/{:x}-{:x}", pid, from, to);
      struct stat status{};
      if (savable(link, status)) note(found, link, status, true);
    }
    at = end == std::string::npos ? maps->size() : end + 1;
  }
  return {};
}

}  // namespace

bool kernel_file_system(long type) {
  switch (static_cast<unsigned long>(type)) {
    case PROC_SUPER_MAGIC:
    case SYSFS_MAGIC:
    case CGROUP_SUPER_MAGIC:
    case CGROUP2_SUPER_MAGIC:
    case DEBUGFS_MAGIC:
    case TRACEFS_MAGIC:
    case SECURITYFS_MAGIC:
    case BPF_FS_MAGIC:
    case NSFS_MAGIC:
    case SELINUX_MAGIC:
      return true;
    default:
      return false;
  }
}

Result<std::vector<Held>> held_files(const std::vector<int>& pids) {
  Found found;
  for (const int pid : pids) {
    if (auto done = by_descriptor(found, pid); !done) return forward(done, fmt::format("process {}", pid));
    if (auto done = by_mapping(found, pid); !done) return forward(done, fmt::format("process {}", pid));
  }
  std::vector<Held> out;
  for (auto& [key, held] : found) out.push_back(std::move(held));
  return out;
}

}  // namespace cutline::files
