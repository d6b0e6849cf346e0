#include "sidecar/files/tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <memory>

#include "sidecar/files/held.hpp"
#include "sidecar/files/xattrs.hpp"

namespace cutline::files {
namespace {

Kind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return Kind::File;
  if (S_ISDIR(mode)) return Kind::Folder;
  if (S_ISLNK(mode)) return Kind::Symlink;
  if (S_ISFIFO(mode)) return Kind::Fifo;
  return Kind::Special;
}

Result<std::string> target_of(int folder, const char* name) {
  std::array<char, PATH_MAX> buffer{};
  const ssize_t n = ::readlinkat(folder, name, buffer.data(), buffer.size());
  if (n < 0) return fail_errno(errno, fmt::format("readlink {}", name));
  return std::string{buffer.data(), static_cast<std::size_t>(n)};
}

class Walk {
 public:
  Walk(std::vector<Entry>& out, Deadline deadline, bool moving) : out_(out), deadline_(deadline), moving_(moving) {}

  Status folder(Fd fd, const std::string& path) {
    if (deadline_.passed()) return fail(Code::Timeout, "{}: the deadline passed while its files were listed", path);
    struct statfs system{};
    if (::fstatfs(fd.get(), &system) != 0) return fail_errno(errno, "statfs " + path);
    if (kernel_file_system(system.f_type)) return {};
    auto status = status_of(fd.get());
    if (!status) return forward(status, path);
    out_.push_back(entry_of(path, *status));
    out_.back().in_volume = true;
    out_.back().xattrs = read_xattrs(fd.get());
    return contents(std::move(fd), path);
  }

 private:
  Status contents(Fd fd, const std::string& path) {
    const std::unique_ptr<DIR, int (*)(DIR*)> dir{::fdopendir(fd.get()), ::closedir};
    if (!dir) return fail_errno(errno, "opendir " + path);
    const int folder_fd = fd.release();
    while (const dirent* item = ::readdir(dir.get())) {
      const std::string_view name = item->d_name;
      if (name == "." || name == "..") continue;
      if (auto done = one(folder_fd, item->d_name, path + '/' + item->d_name); !done) return done;
    }
    return {};
  }

  Status one(int parent, const char* name, const std::string& path) {
    struct stat status{};
    if (::fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
      return moving_ && errno == ENOENT ? Status{} : fail_errno(errno, "stat " + path);
    if (S_ISDIR(status.st_mode)) {
      auto fd = open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      if (!fd) return moving_ ? Status{} : forward(fd, path);
      return folder(*std::move(fd), path);
    }
    out_.push_back(entry_of(path, status));
    out_.back().in_volume = true;
    if (!S_ISLNK(status.st_mode) || moving_) return {};
    auto target = target_of(parent, name);
    if (!target) return forward(target, path);
    out_.back().links = *std::move(target);
    return {};
  }

  std::vector<Entry>& out_;
  Deadline deadline_;
  bool moving_;
};

}  // namespace

Entry entry_of(std::string path, const struct stat& status) {
  Entry e;
  e.path = std::move(path);
  e.kind = kind_of(status.st_mode);
  e.size = e.kind == Kind::File ? static_cast<std::uint64_t>(status.st_size) : 0;
  e.allocated = e.kind == Kind::File ? static_cast<std::uint64_t>(status.st_blocks) * 512 : 0;
  e.mode = status.st_mode & 07777U;
  e.uid = status.st_uid;
  e.gid = status.st_gid;
  e.mtime = nanos(status.st_mtim);
  e.ctime = nanos(status.st_ctim);
  e.device = status.st_dev;
  e.inode = status.st_ino;
  return e;
}

Result<std::vector<Entry>> walk(const Root& root, const std::string& volume, Deadline deadline, bool moving) {
  auto fd = root.open(volume, O_RDONLY | O_DIRECTORY);
  if (!fd) return fail(Code::Invalid, "volume {} is not a folder of the container: {}", volume, fd.error().message);
  std::vector<Entry> out;
  if (auto done = Walk{out, deadline, moving}.folder(*std::move(fd), volume); !done)
    return tl::unexpected(done.error());
  return out;
}

Result<std::vector<std::string>> outermost(const std::vector<std::string>& volumes) {
  std::vector<std::string> out;
  for (const auto& volume : std::set<std::string>(volumes.begin(), volumes.end())) {
    if (std::ranges::any_of(volumes, [&](const auto& other) { return volume.starts_with(other + '/'); })) continue;
    if (!safe_path(volume))
      return fail(Code::Invalid, "volume '{}': write an absolute path without '.' and '..'", volume);
    out.push_back(volume);
  }
  return out;
}

}  // namespace cutline::files
