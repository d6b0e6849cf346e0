#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "sidecar/files/catalog.hpp"
#include "sidecar/files/contents.hpp"
#include "sidecar/files/earlier.hpp"
#include "sidecar/files/files.hpp"
#include "sidecar/files/held.hpp"
#include "sidecar/files/rooted.hpp"
#include "sidecar/files/tree.hpp"
#include "sidecar/files/xattrs.hpp"

namespace cutline::files {
namespace {

constexpr std::uint64_t kWorthAThread = 4 << 20;  // bytes
constexpr std::size_t kManyFiles = 128;
// A quarter of a data file: what remains of a smaller part is copied, while all stand still.
constexpr std::uint64_t kWorthOnePart = 4;

struct Plan {
  Catalog catalog;
  std::vector<std::string> skipped;
};

Status add_volumes(Plan& plan, const Root& root, const std::vector<std::string>& volumes, Deadline deadline) {
  auto wanted = outermost(volumes);
  if (!wanted) return tl::unexpected(wanted.error());
  for (const auto& volume : *wanted) {
    auto tree = walk(root, volume, deadline);
    if (!tree) return tl::unexpected(tree.error());
    std::ranges::move(*tree, std::back_inserter(plan.catalog.entries));
  }
  plan.catalog.volumes = *std::move(wanted);
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

// The folders on the way to a held file, from the top of its file system on: where its volume is lost, they must be
// made again as they were.
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
  for (const auto& e : plan.catalog.entries) known.insert(inode_of(e));
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
    const auto [at, fresh] = first.try_emplace(inode_of(e), &e.path);
    if (fresh) continue;
    e.kind = Kind::HardLink;
    e.links = *at->second;
    e.size = e.allocated = 0;
  }
}

// Its contents are in the folder already.
bool taken_over(const Entry& e) { return !e.data.empty(); }

// Files that are as they were in the earlier capture get their contents from its data files. Those that are then of no
// use go.
void take_over(Catalog& catalog, const Earlier& earlier, const std::set<Inode>& mapped, const std::string& folder) {
  std::map<Entry*, const Entry*> same;
  std::map<std::string, std::uint64_t> wanted;
  for (auto& e : catalog.entries) {
    if (e.kind != Kind::File || mapped.contains(inode_of(e))) continue;
    const auto* then = earlier.same(e);
    if (then == nullptr) continue;
    same.emplace(&e, then);
    wanted[then->data] += then->stored();
  }
  const auto kept = earlier.keep(wanted, kWorthOnePart, folder);
  for (const auto& [now, then] : same) {
    if (!kept.contains(then->data)) continue;
    now->data = then->data;
    now->extents = then->extents;
    now->xattrs = then->xattrs;
    now->settled = true;
  }
}

struct Room {
  std::uint64_t needed = 0;
  std::uint64_t available = 0;
};

Result<Room> room_for(const Catalog& catalog, const std::string& folder) {
  Room room;
  for (const auto& e : catalog.entries)
    if (!taken_over(e)) room.needed += std::min(e.size, e.allocated);
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

Status enough(const Room& room, const std::string& folder) {
  return room.needed <= room.available ? Status{} : no_room(room, folder);
}

// Others write to the same disk meanwhile (CRIU, other containers): it can be full in spite of the look beforehand.
tl::unexpected<Error> explained(Error error, const Room& before, const Catalog& catalog, const std::string& folder) {
  const auto now = room_for(catalog, folder);
  if (error.code != Code::Exhausted || !now) return tl::unexpected(std::move(error));
  return tl::unexpected(no_room({before.needed, now->available}, folder).value().in(error.message));
}

// Copies entries that `next` hands out until none is left.
class Copier {
 public:
  Copier(const Root& root, Catalog& catalog, const std::set<Inode>& mapped, std::int64_t started, Deadline deadline)
      : root_(root), catalog_(catalog), mapped_(mapped), deadline_(deadline), started_(started) {}

  Status run(DataFile& data) {
    for (;;) {
      const auto index = next_.fetch_add(1);
      if (index >= catalog_.entries.size()) return {};
      auto& entry = catalog_.entries[index];
      if (entry.kind != Kind::File || taken_over(entry)) continue;
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
    return !mapped_.contains(inode_of(entry)) && entry.ctime <= started_ - kSettles && times_changes(fd);
  }

  const Root& root_;
  Catalog& catalog_;
  const std::set<Inode>& mapped_;
  Deadline deadline_;
  std::int64_t started_;
  std::atomic<std::size_t> next_ = 0;
};

// On two threads where there is enough to do; each writes a data file of its own.
Status copy_all(Copier& copier, const Catalog& catalog, const std::string& folder) {
  std::uint64_t bytes = 0;
  std::size_t files = 0;
  for (const auto& e : catalog.entries)
    if (e.kind == Kind::File && !taken_over(e)) bytes += e.allocated, ++files;
  const std::size_t workers = files == 0 ? 0 : bytes >= kWorthAThread || files >= kManyFiles ? 2 : 1;
  std::vector<DataFile> data;
  for (std::size_t i = 0; i < workers; ++i) {
    auto file = DataFile::make(folder);
    if (!file) return tl::unexpected(file.error());
    data.push_back(*std::move(file));
  }
  std::vector<Status> results(workers);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < workers; ++i) threads.emplace_back([&, i] { results[i] = copier.run(data[i]); });
    if (workers > 0) results[0] = copier.run(data[0]);
  }
  for (auto& result : results) {
    if (!result) return result;
  }
  return {};
}

// Which files any of these has mapped, beside those that are held: they change without a trace.
Status add_mapped(std::set<Inode>& mapped, const std::vector<int>& pids) {
  auto held = held_files(pids);
  if (!held) return tl::unexpected(held.error());
  for (const auto& file : *held)
    if (file.mapped) mapped.emplace(file.device, file.inode);
  return {};
}

}  // namespace

Result<Capture> capture(const CaptureRequest& request, Deadline deadline) {
  const auto started = now_ns();
  auto root = Root::of(request.pid);
  if (!root) return tl::unexpected(root.error());
  Plan plan;
  if (auto done = add_volumes(plan, *root, request.volumes, deadline); !done) return tl::unexpected(done.error());
  auto held = held_files(request.tree);
  if (!held) return tl::unexpected(held.error());
  std::set<Inode> mapped;
  add_held(plan, *root, *held, mapped);
  if (auto done = add_mapped(mapped, request.neighbours); !done) return tl::unexpected(done.error());
  fold_hard_links(plan.catalog);
  if (request.earlier != nullptr) take_over(plan.catalog, *request.earlier, mapped, request.folder);
  std::uint64_t taken = 0;
  for (const auto& e : plan.catalog.entries) taken += e.stored();
  const auto room = room_for(plan.catalog, request.folder);
  if (!room) return tl::unexpected(room.error());
  if (auto fits = enough(*room, request.folder); !fits) return tl::unexpected(fits.error());
  Copier copier{*root, plan.catalog, mapped, started, deadline};
  if (auto done = copy_all(copier, plan.catalog, request.folder); !done) {
    return explained(done.error(), *room, plan.catalog, request.folder);
  }
  if (auto done = write_catalog(plan.catalog, request.folder); !done) return forward(done, request.folder);
  Capture out{plan.catalog.entries.size(), Bytes{}, Bytes{}, std::move(plan.skipped)};
  std::uint64_t bytes = 0;
  for (const auto& e : plan.catalog.entries) bytes += e.stored();
  out.bytes = Bytes{bytes};
  out.copied = Bytes{bytes - taken};
  return out;
}

}  // namespace cutline::files
