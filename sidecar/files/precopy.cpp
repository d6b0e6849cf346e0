#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "sidecar/files/contents.hpp"
#include "sidecar/files/earlier.hpp"
#include "sidecar/files/files.hpp"
#include "sidecar/files/held.hpp"
#include "sidecar/files/rooted.hpp"
#include "sidecar/files/tree.hpp"
#include "sidecar/files/xattrs.hpp"

namespace cutline::files {
namespace {

// Half of an earlier data file; what remains of a smaller part is copied now.
constexpr std::uint64_t kWorthHalf = 2;
constexpr std::uint64_t kRoomLeft = 64 << 20;  // bytes; for the capture that this is done for

// What any process has mapped writable, until no new process is found: one that was forked meanwhile has its parent's
// mappings.
Result<std::set<Inode>> mapped_now(const PrecopyRequest& request) {
  std::set<Inode> out;
  std::set<int> seen;
  for (;;) {
    const auto pids = request.pids();
    if (!pids) return tl::unexpected(pids.error());
    std::vector<int> fresh;
    for (const auto pid : *pids)
      if (seen.insert(pid).second) fresh.push_back(pid);
    if (fresh.empty()) return out;
    const auto held = held_files(fresh);
    if (!held) return tl::unexpected(held.error());
    for (const auto& file : *held)
      if (file.mapped) out.emplace(file.device, file.inode);
  }
}

// Copies one file after the other, while they may change.
class EarlyCopier {
 public:
  EarlyCopier(const PrecopyRequest& request, const Root& root, std::int64_t started, std::set<Inode> mapped,
              Deadline deadline)
      : request_(request), root_(root), started_(started), mapped_(std::move(mapped)), deadline_(deadline) {}

  // Which files need no copy, because the earlier capture has them.
  void look_back(const std::vector<Entry>& entries) {
    if (request_.earlier == nullptr) return;
    std::map<std::string, std::uint64_t> wanted;
    std::set<Inode> counted;
    for (const auto& e : entries)
      if (const auto* then = calm(e) && counted.insert(inode_of(e)).second ? request_.earlier->same(e) : nullptr)
        wanted[then->data] += then->stored();
    kept_ = request_.earlier->keep(wanted, kWorthHalf, request_.folder);
  }

  // Whether the entry's contents are in the folder now, and will be good for as long as its times stay. An error:
  // nothing more can be done.
  Result<bool> take(Entry& e) {
    if (!calm(e) || !taken_.insert(inode_of(e)).second) return false;
    if (const auto* then = request_.earlier == nullptr ? nullptr : request_.earlier->same(e);
        then != nullptr && kept_.contains(then->data)) {
      e = *then;
      return true;
    }
    if (auto room = enough_room(e); !room) return tl::unexpected(room.error());
    return copy(e);
  }

  [[nodiscard]] Bytes copied() const { return Bytes{copied_}; }
  [[nodiscard]] bool over() const { return request_.stop.stop_requested() || deadline_.passed(); }

 private:
  [[nodiscard]] bool calm(const Entry& e) const {
    return e.kind == Kind::File && e.ctime <= started_ - kSettles && !mapped_.contains(inode_of(e));
  }

  Result<bool> copy(Entry& e) {
    const auto fd = root_.open(e.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (!fd) return false;
    // Waits for a write that is under way: such a one holds the file, and was timed when it began.
    (void)::lseek(fd->get(), 0, SEEK_DATA);
    const auto now = status_of(fd->get());
    if (!now || now->st_dev != e.device || now->st_ino != e.inode || nanos(now->st_ctim) != e.ctime ||
        !times_changes(fd->get()))
      return false;
    e.xattrs = read_xattrs(fd->get());
    if (!data_) {
      auto made = DataFile::make(request_.folder);
      if (!made) return tl::unexpected(made.error());
      data_.emplace(*std::move(made));
    }
    const auto added = data_->add(fd->get(), e, deadline_, request_.stop);
    if (!added && (added.error().code == Code::Exhausted || over())) return tl::unexpected(added.error());
    if (!added) {
      e.data.clear();
      return false;
    }
    e.settled = true;
    for (const auto& x : e.extents) copied_ += x.length;
    data_->begin_flush();
    return true;
  }

  // The checkpoint itself must find room.
  [[nodiscard]] Status enough_room(const Entry& e) const {
    struct statvfs system{};
    if (::statvfs(request_.folder.c_str(), &system) != 0) return fail_errno(errno, "statvfs " + request_.folder);
    const std::uint64_t free = system.f_bavail * system.f_frsize;
    if (free >= std::min(e.size, e.allocated) + kRoomLeft) return {};
    return fail(Code::Exhausted, "{}: {} bytes are free", request_.folder, free);
  }

  const PrecopyRequest& request_;
  const Root& root_;
  std::int64_t started_;
  std::set<Inode> mapped_;
  Deadline deadline_;
  std::set<std::string> kept_;  // the earlier capture's data files that are of use
  std::set<Inode> taken_;
  std::optional<DataFile> data_;
  std::uint64_t copied_ = 0;
};

Result<std::vector<Entry>> list(const Root& root, const std::vector<std::string>& volumes, Deadline deadline) {
  const auto wanted = outermost(volumes);
  if (!wanted) return tl::unexpected(wanted.error());
  std::vector<Entry> out;
  for (const auto& volume : *wanted) {
    auto tree = walk(root, volume, deadline, true);
    if (!tree) return tl::unexpected(tree.error());
    std::ranges::move(*tree, std::back_inserter(out));
  }
  return out;
}

}  // namespace

// In this order: the time, who has mapped what, the files' times, their contents. So each change that could be missed
// comes after the time, and is timed later than what is kept here.
Result<Bytes> precopy(const PrecopyRequest& request, Deadline deadline) {
  const auto started = now_ns();
  auto mapped = mapped_now(request);
  if (!mapped) return tl::unexpected(mapped.error());
  const auto root = Root::of(request.pid);
  if (!root) return tl::unexpected(root.error());
  auto found = list(*root, request.volumes, deadline);
  if (!found) return tl::unexpected(found.error());
  EarlyCopier copier{request, *root, started, *std::move(mapped), deadline};
  copier.look_back(*found);
  Catalog catalog;
  for (auto& e : *found) {
    if (copier.over()) break;
    const auto taken = copier.take(e);
    if (!taken) break;
    if (*taken) catalog.entries.push_back(std::move(e));
  }
  if (auto done = write_catalog(catalog, request.folder); !done) return tl::unexpected(done.error());
  return copier.copied();
}

}  // namespace cutline::files
