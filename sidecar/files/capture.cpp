#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "sidecar/files/catalog.hpp"
#include "sidecar/files/contents.hpp"
#include "sidecar/files/files.hpp"
#include "sidecar/files/held.hpp"
#include "sidecar/files/rooted.hpp"
#include "sidecar/files/tree.hpp"
#include "sidecar/files/xattrs.hpp"

namespace cutline::files {
namespace {

constexpr std::uint64_t kWorthAThread = 4 << 20;  // bytes
constexpr std::size_t kManyFiles = 128;
constexpr std::int64_t kGranularity =
    50'000'000;  // ns; change times are read from the clock's last tick, at most 10 ms ago

struct Plan {
  Catalog catalog;
  std::vector<std::string> skipped;
};

using Inode = std::pair<std::uint64_t, std::uint64_t>;

std::int64_t now_ns() {
  timespec now{};
  (void)::clock_gettime(CLOCK_REALTIME, &now);
  return nanos(now);
}

Status add_volumes(Plan& plan, const Root& root, const std::vector<std::string>& volumes, Deadline deadline) {
  const auto inside_another = [&](const std::string& path) {
    return std::ranges::any_of(volumes, [&](const auto& other) { return path.starts_with(other + '/'); });
  };
  for (const auto& volume : std::set<std::string>(volumes.begin(), volumes.end())) {
    if (inside_another(volume)) continue;
    if (!safe_path(volume))
      return fail(Code::Invalid, "volume '{}': write an absolute path without '.' and '..'", volume);
    auto tree = walk(root, volume, deadline);
    if (!tree) return tl::unexpected(tree.error());
    plan.catalog.volumes.push_back(volume);
    std::ranges::move(*tree, std::back_inserter(plan.catalog.entries));
  }
  return {};
}

// A file that is held under a path that still leads to it; others are CRIU's concern.
std::optional<Entry> entry_of_held(const Root& root, const Held& held) {
  if (!safe_path(held.path)) return std::nullopt;
  auto fd = root.open(held.path, O_PATH | O_NOFOLLOW);
  if (!fd) return std::nullopt;
  auto status = status_of(fd->get());
  if (!status || status->st_dev != held.device || status->st_ino != held.inode) return std::nullopt;
  return entry_of(held.path, *status);
}

// The folders on the way to a held file, from the top of its file system on: where its volume is lost, they must be made again as they were.
void add_way(Plan& plan, const Root& root, const Entry& file, std::set<Inode>& known) {
  std::vector<Entry> way;
  for (auto path = folder_of(file.path); path != "/"; path = folder_of(path)) {
    auto fd = root.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!fd) break;  // a link: the folder that it leads to may be elsewhere
    auto status = status_of(fd->get());
    if (!status || status->st_dev != file.device || !known.emplace(status->st_dev, status->st_ino).second) break;
    way.push_back(entry_of(path, *status));
    way.back().xattrs = read_xattrs(fd->get());
  }
  std::move(way.rbegin(), way.rend(), std::back_inserter(plan.catalog.entries));
}

void add_held(Plan& plan, const Root& root, const std::vector<Held>& held, std::set<Inode>& mapped) {
  std::set<Inode> known;
  for (const auto& e : plan.catalog.entries) known.emplace(e.device, e.inode);
  for (const auto& file : held) {
    if (file.mapped) mapped.emplace(file.device, file.inode);
    if (known.contains({file.device, file.inode})) continue;
    if (auto entry = entry_of_held(root, file)) {
      add_way(plan, root, *entry, known);
      plan.catalog.entries.push_back(*std::move(entry));
    } else {
      plan.skipped.push_back(file.path);
    }
  }
}

// The second and later names of a file become links to its first.
void fold_hard_links(Catalog& catalog) {
  std::map<Inode, const std::string*> first;
  for (auto& e : catalog.entries) {
    if (e.kind != Kind::File) continue;
    const auto [at, fresh] = first.try_emplace({e.device, e.inode}, &e.path);
    if (fresh) continue;
    e.kind = Kind::HardLink;
    e.links = *at->second;
    e.size = e.allocated = 0;
  }
}

struct Room {
  std::uint64_t needed = 0;
  std::uint64_t available = 0;
};

Result<Room> room_for(const Catalog& catalog, const std::string& folder) {
  Room room;
  for (const auto& e : catalog.entries) room.needed += std::min(e.size, e.allocated);
  struct statvfs system{};
  if (::statvfs(folder.c_str(), &system) != 0) return fail_errno(errno, "statvfs " + folder);
  room.available = system.f_bavail * system.f_frsize;
  return room;
}

tl::unexpected<Error> no_room(const Room& room, const std::string& folder) {
  return fail(Code::Exhausted,
              "{}: the container's files need up to {} bytes, {} are free; give the volume more room or keep fewer "
              "checkpoints",
              folder, room.needed, room.available);
}

Status enough_space(const Catalog& catalog, const std::string& folder) {
  auto room = room_for(catalog, folder);
  if (!room) return tl::unexpected(room.error());
  return room->needed <= room->available ? Status{} : no_room(*room, folder);
}

// Others write to the same disk meanwhile (CRIU, other containers): it can be full in spite of the look beforehand.
tl::unexpected<Error> explained(Error error, const Catalog& catalog, const std::string& folder) {
  auto room = room_for(catalog, folder);
  if (error.code != Code::Exhausted || !room) return tl::unexpected(std::move(error));
  return tl::unexpected(no_room(*room, folder).value().in(error.message));
}

// Copies entries that `next` hands out until none is left.
class Copier {
 public:
  Copier(const Root& root, Catalog& catalog, const std::set<Inode>& mapped, Deadline deadline)
      : root_(root), catalog_(catalog), mapped_(mapped), deadline_(deadline) {}

  Status run(DataFile& data) {
    for (;;) {
      const auto index = next_.fetch_add(1);
      if (index >= catalog_.entries.size()) return {};
      auto& entry = catalog_.entries[index];
      if (entry.kind != Kind::File) continue;
      if (auto done = one(entry, data); !done) {
        next_ = catalog_.entries.size();
        return forward(done, entry.path);
      }
    }
  }

 private:
  Status one(Entry& entry, DataFile& data) const {
    auto fd = root_.open(entry.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (!fd) return tl::unexpected(fd.error());
    auto status = status_of(fd->get());
    if (!status) return tl::unexpected(status.error());
    if (status->st_dev != entry.device || status->st_ino != entry.inode || nanos(status->st_ctim) != entry.ctime) {
      return fail(Code::Conflict,
                  "changed while the processes were frozen: something outside of the snapshot writes there");
    }
    entry.xattrs = read_xattrs(fd->get());
    entry.settled = settled(entry, fd->get());
    return data.add(fd->get(), entry, deadline_);
  }

  bool settled(const Entry& entry, int fd) const {
    if (mapped_.contains({entry.device, entry.inode}) || entry.ctime > started_ - kGranularity) return false;
    struct statfs system{};
    // tmpfs does not move the change time when a mapping is written.
    return ::fstatfs(fd, &system) == 0 && system.f_type != TMPFS_MAGIC;
  }

  const Root& root_;
  Catalog& catalog_;
  const std::set<Inode>& mapped_;
  Deadline deadline_;
  std::int64_t started_ = now_ns();
  std::atomic<std::size_t> next_ = 0;
};

Result<DataFile> make_data_file(const std::string& folder, std::size_t number) {
  const auto name = fmt::format("files-{}.data", number);
  auto fd = open_file(folder + '/' + name, O_RDWR | O_CREAT | O_EXCL, 0600);
  if (!fd) return tl::unexpected(fd.error());
  return DataFile{*std::move(fd), name};
}

// On two threads where there is enough to do; each writes a data file of its own.
Status copy_all(const Root& root, Catalog& catalog, const std::set<Inode>& mapped, const std::string& folder,
                Deadline deadline) {
  std::uint64_t bytes = 0;
  for (const auto& e : catalog.entries) bytes += e.allocated;
  const std::size_t workers = bytes >= kWorthAThread || catalog.entries.size() >= kManyFiles ? 2 : 1;
  std::vector<DataFile> data;
  for (std::size_t i = 0; i < workers; ++i) {
    auto file = make_data_file(folder, i);
    if (!file) return tl::unexpected(file.error());
    data.push_back(*std::move(file));
  }
  Copier copier{root, catalog, mapped, deadline};
  std::vector<Status> results(workers);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < workers; ++i) threads.emplace_back([&, i] { results[i] = copier.run(data[i]); });
    results[0] = copier.run(data[0]);
  }
  for (auto& result : results) {
    if (!result) return result;
  }
  return {};
}

Status write_catalog(const Catalog& catalog, const std::string& folder) {
  auto fd = open_file(folder + '/' + kCatalogFile, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!fd) return tl::unexpected(fd.error());
  return write_all(fd->get(), to_json(catalog));
}

}  // namespace

Result<Capture> capture(const CaptureRequest& request, Deadline deadline) {
  auto root = Root::of(request.pid);
  if (!root) return tl::unexpected(root.error());
  Plan plan;
  if (auto done = add_volumes(plan, *root, request.volumes, deadline); !done) return tl::unexpected(done.error());
  auto held = held_files(request.tree);
  if (!held) return tl::unexpected(held.error());
  std::set<Inode> mapped;
  add_held(plan, *root, *held, mapped);
  fold_hard_links(plan.catalog);
  if (auto enough = enough_space(plan.catalog, request.folder); !enough) return tl::unexpected(enough.error());
  if (auto done = copy_all(*root, plan.catalog, mapped, request.folder, deadline); !done) {
    return explained(done.error(), plan.catalog, request.folder);
  }
  if (auto done = write_catalog(plan.catalog, request.folder); !done) return forward(done, request.folder);
  Capture out{plan.catalog.entries.size(), Bytes{}, std::move(plan.skipped)};
  std::uint64_t bytes = 0;
  for (const auto& e : plan.catalog.entries) {
    for (const auto& x : e.extents) bytes += x.length;
  }
  out.bytes = Bytes{bytes};
  return out;
}

}  // namespace cutline::files
