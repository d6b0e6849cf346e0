#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "sidecar/files/catalog.hpp"
#include "sidecar/files/contents.hpp"
#include "sidecar/files/files.hpp"
#include "sidecar/files/rooted.hpp"
#include "sidecar/files/tree.hpp"
#include "sidecar/files/xattrs.hpp"

namespace cutline::files {
namespace {

Kind on_disk(Kind kind) { return kind == Kind::HardLink ? Kind::File : kind; }

Status unlink_at(const Root& root, const std::string& path, int flags) {
  auto parent = root.parent(path);
  if (!parent) return tl::unexpected(parent.error());
  if (::unlinkat(parent->get(), base_name(path).c_str(), flags) == 0 || errno == ENOENT) return {};
  return fail_errno(errno, "remove " + path);
}

// Removes what is in the volumes now and was not then, or was of another kind; contents before their folders.
class Cleaner {
 public:
  Cleaner(const Root& root, const Catalog& catalog) : root_(root) {
    for (const auto& e : catalog.entries) then_.emplace(e.path, on_disk(e.kind));
  }

  Status clean(const std::string& volume, std::uint64_t& removed, Deadline deadline) const {
    auto now = walk(root_, volume, deadline);
    if (!now) return tl::unexpected(now.error());
    for (auto e = now->rbegin(); e != now->rend(); ++e) {
      const auto found = then_.find(e->path);
      if (e->path == volume || (found != then_.end() && found->second == e->kind)) continue;
      auto done = unlink_at(root_, e->path, e->kind == Kind::Folder ? AT_REMOVEDIR : 0);
      if (!done && done.error().code == Code::Busy) continue;  // a mount point: not ours to undo
      if (!done) return done;
      ++removed;
    }
    return {};
  }

 private:
  const Root& root_;
  std::map<std::string_view, Kind> then_;
};

Status set_owner_and_mode(int fd, const struct stat& now, const Entry& e) {
  const bool owner = now.st_uid != e.uid || now.st_gid != e.gid;
  if (owner && ::fchown(fd, e.uid, e.gid) != 0) return fail_errno(errno, "chown");
  // A change of owner, and each write, takes the set-user-id bits away: the mode comes after both.
  auto present = status_of(fd);
  if (!present) return tl::unexpected(present.error());
  if ((present->st_mode & 07777U) != e.mode && ::fchmod(fd, e.mode) != 0) return fail_errno(errno, "chmod");
  return {};
}

Status set_time(int fd, const Entry& e) {
  const timespec times[2] = {{0, UTIME_OMIT}, to_timespec(e.mtime)};
  return ::futimens(fd, times) == 0 ? Status{} : fail_errno(errno, "set the time");
}

Status set_attributes(int fd, const Entry& e) {
  auto now = status_of(fd);
  if (!now) return tl::unexpected(now.error());
  if (auto done = set_owner_and_mode(fd, *now, e); !done) return done;
  if (auto done = write_xattrs(fd, e.xattrs); !done) return done;
  return nanos(now->st_mtim) == e.mtime ? Status{} : set_time(fd, e);
}

class Restorer {
 public:
  Restorer(const Root& root, std::string folder, PutBack& report, Deadline deadline)
      : root_(root), folder_(std::move(folder)), report_(report), deadline_(deadline) {}

  Status put(const Entry& e) {
    switch (e.kind) {
      case Kind::File:
        return put_file(e);
      case Kind::Folder:
        return put_folder(e);
      case Kind::Symlink:
        return put_symlink(e);
      case Kind::HardLink:
        return put_hard_link(e);
      case Kind::Fifo:
        return put_fifo(e);
      case Kind::Special:
        return {};
    }
    return {};
  }

  // After what is in it: that changes its time, and its mode may forbid it.
  Status finish_folder(const Entry& e) const {
    auto fd = root_.open(e.path, O_RDONLY | O_DIRECTORY);
    return fd ? set_attributes(fd->get(), e) : tl::unexpected(fd.error());
  }

 private:
  Status put_file(const Entry& e) {
    auto now = look(e.path);
    if (now && S_ISDIR(now->st_mode)) return fail(Code::Conflict, "a folder has taken the place of a file");
    if (now && (!S_ISREG(now->st_mode) ||
                put_.contains({now->st_dev, now->st_ino}))) {  // a link now, or another file's second name
      if (auto done = unlink_at(root_, e.path, 0); !done) return done;
      now.reset();
    }
    if (now && unchanged(e, *now)) {
      ++report_.unchanged;
      put_.emplace(now->st_dev, now->st_ino);
      return {};
    }
    auto fd = now ? root_.open(e.path, O_RDWR | O_NOFOLLOW) : create(e.path);
    if (!fd) return tl::unexpected(fd.error());
    return put_into(fd->get(), e);
  }

  Status put_into(int fd, const Entry& e) {
    auto data = data_file(e.data);
    if (!data) return tl::unexpected(data.error());
    auto written = put_contents(fd, e, *data, deadline_);
    if (!written) return tl::unexpected(written.error());
    ++report_.compared;
    report_.written = Bytes{value(report_.written) + value(*written)};
    auto now = status_of(fd);
    if (!now) return tl::unexpected(now.error());
    put_.emplace(now->st_dev, now->st_ino);
    return set_attributes(fd, e);
  }

  Status put_folder(const Entry& e) const {
    if (look(e.path)) return {};
    auto parent = root_.make_parent(e.path);
    if (!parent) return tl::unexpected(parent.error());
    return ::mkdirat(parent->get(), base_name(e.path).c_str(), 0700) == 0 ? Status{} : fail_errno(errno, "mkdir");
  }

  Status put_symlink(const Entry& e) const {
    auto parent = root_.parent(e.path);
    if (!parent) return tl::unexpected(parent.error());
    const auto name = base_name(e.path);
    std::string present(e.links.size() + 1, '\0');
    const ssize_t n = ::readlinkat(parent->get(), name.c_str(), present.data(), present.size());
    if (n < 0 || std::string_view{present.data(), static_cast<std::size_t>(n)} != e.links) {
      if (auto done = unlink_at(root_, e.path, 0); !done) return done;
      if (::symlinkat(e.links.c_str(), parent->get(), name.c_str()) != 0) return fail_errno(errno, "symlink");
    }
    const timespec times[2] = {{0, UTIME_OMIT}, to_timespec(e.mtime)};
    if (::fchownat(parent->get(), name.c_str(), e.uid, e.gid, AT_SYMLINK_NOFOLLOW) != 0)
      return fail_errno(errno, "chown");
    return ::utimensat(parent->get(), name.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0
               ? Status{}
               : fail_errno(errno, "set the time");
  }

  Status put_hard_link(const Entry& e) const {
    const auto first = look(e.links);
    const auto now = look(e.path);
    if (first && now && first->st_dev == now->st_dev && first->st_ino == now->st_ino) return {};
    if (auto done = unlink_at(root_, e.path, 0); !done) return done;
    auto from = root_.parent(e.links);
    auto to = root_.parent(e.path);
    if (!from || !to) return tl::unexpected(from ? to.error() : from.error());
    if (::linkat(from->get(), base_name(e.links).c_str(), to->get(), base_name(e.path).c_str(), 0) == 0) return {};
    return fail_errno(errno, "link to " + e.links);
  }

  Status put_fifo(const Entry& e) const {
    auto parent = root_.parent(e.path);
    if (!parent) return tl::unexpected(parent.error());
    const auto name = base_name(e.path);
    if (!look(e.path) && ::mkfifoat(parent->get(), name.c_str(), e.mode) != 0) return fail_errno(errno, "mkfifo");
    if (::fchownat(parent->get(), name.c_str(), e.uid, e.gid, AT_SYMLINK_NOFOLLOW) != 0)
      return fail_errno(errno, "chown");
    return ::fchmodat(parent->get(), name.c_str(), e.mode, 0) == 0 ? Status{} : fail_errno(errno, "chmod");
  }

  [[nodiscard]] std::optional<struct stat> look(const std::string& path) const {
    auto fd = root_.open(path, O_PATH | O_NOFOLLOW);
    if (!fd) return std::nullopt;
    auto status = status_of(fd->get());
    return status ? std::optional{*status} : std::nullopt;
  }

  static bool unchanged(const Entry& e, const struct stat& now) {
    return e.settled && now.st_dev == e.device && now.st_ino == e.inode && nanos(now.st_ctim) == e.ctime &&
           static_cast<std::uint64_t>(now.st_size) == e.size;
  }

  [[nodiscard]] Result<Fd> create(const std::string& path) const {
    auto parent = root_.make_parent(path);
    if (!parent) return parent;
    return open_at(parent->get(), base_name(path), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  }

  Result<int> data_file(const std::string& name) {
    auto [at, fresh] = data_.try_emplace(name);
    if (fresh) {
      auto fd = open_file(folder_ + '/' + name, O_RDONLY | O_NOFOLLOW);
      if (!fd) return fail(Code::Corrupt, "saved contents: {}", fd.error().message);
      at->second = *std::move(fd);
    }
    return at->second.get();
  }

  const Root& root_;
  std::string folder_;
  PutBack& report_;
  Deadline deadline_;
  std::map<std::string, Fd> data_;
  std::set<std::pair<dev_t, ino_t>> put_;  // inodes that have their contents
};

}  // namespace

Result<PutBack> put_back(const PutBackRequest& request, Deadline deadline) {
  auto catalog = read_catalog(request.folder);
  if (!catalog) return tl::unexpected(catalog.error());
  auto root = Root::of(request.pid);
  if (!root) return tl::unexpected(root.error());
  PutBack report;
  const Cleaner cleaner{*root, *catalog};
  for (const auto& volume : catalog->volumes) {
    if (auto done = cleaner.clean(volume, report.removed, deadline); !done) return tl::unexpected(done.error());
  }
  Restorer restorer{*root, request.folder, report, deadline};
  for (const auto& entry : catalog->entries) {
    if (auto done = restorer.put(entry); !done) return forward(done, "put back " + entry.path);
  }
  for (auto entry = catalog->entries.rbegin(); entry != catalog->entries.rend(); ++entry) {
    if (entry->kind != Kind::Folder) continue;
    if (auto done = restorer.finish_folder(*entry); !done) return forward(done, "put back " + entry->path);
  }
  return report;
}

}  // namespace cutline::files
