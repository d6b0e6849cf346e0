#include "sidecar/store/checkpoint_folder.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "sidecar/store/digest.hpp"
#include "sidecar/store/store.hpp"

namespace cutline::store {
namespace {

namespace fs = std::filesystem;

struct Piece {
  std::size_t file = 0;
  std::size_t number = 0;
};

struct Open {
  Fd fd;
  std::atomic<std::size_t> pieces_left = 0;
};

class Hasher {
 public:
  Hasher(bool flush, Deadline deadline) : flush_(flush), deadline_(deadline) {}

  Status open_all(const std::string& folder, const std::vector<std::string>& paths) {
    auto dir = open_file(folder, O_PATH | O_DIRECTORY);
    if (!dir) return tl::unexpected(dir.error());
    open_ = std::vector<Open>(paths.size());
    for (const auto& path : paths) {
      if (auto done = open_one(dir->get(), path); !done) return done;
    }
    // Large pieces first, so that no core ends up alone with one.
    std::ranges::stable_sort(pieces_, std::greater{}, [this](const Piece& p) { return length(p); });
    return {};
  }

  Status run() {
    const auto cores = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 8);
    std::vector<Status> results(std::min(cores, std::max<std::size_t>(1, pieces_.size())));
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 1; i < results.size(); ++i)
        threads.emplace_back([this, &results, i] { results[i] = work(); });
      results[0] = work();
    }
    for (auto& result : results) {
      if (!result) return result;
    }
    return {};
  }

  std::vector<FileRecord> take() { return std::move(records_); }

 private:
  Status open_one(int dir, const std::string& path) {
    auto fd = open_inside(dir, path);
    if (!fd) return tl::unexpected(fd.error());
    struct stat status{};
    if (::fstat(fd->get(), &status) != 0) return fail_errno(errno, "stat " + path);
    const auto size = static_cast<std::uint64_t>(status.st_size);
    const auto count = std::max<std::size_t>(1, (size + kPiece - 1) / kPiece);
    if (flush_)
      (void)::sync_file_range(fd->get(), 0, 0, SYNC_FILE_RANGE_WRITE);  // only begins to write; fsync below waits
    const auto index = records_.size();
    for (std::size_t i = 0; i < count; ++i) pieces_.push_back({index, i});
    open_[index].fd = *std::move(fd);
    open_[index].pieces_left = count;
    records_.push_back({path, size, std::vector<std::string>(count)});
    return {};
  }

  [[nodiscard]] std::uint64_t length(const Piece& p) const {
    return std::min(kPiece, records_[p.file].size - p.number * kPiece);
  }

  Status work() {
    for (auto i = next_.fetch_add(1); i < pieces_.size(); i = next_.fetch_add(1)) {
      const auto& piece = pieces_[i];
      if (auto done = hash(piece); !done) {
        next_ = pieces_.size();
        return forward(done, records_[piece.file].path);
      }
    }
    return {};
  }

  Status hash(const Piece& piece) {
    auto& open = open_[piece.file];
    auto digest = sha256_of(open.fd.get(), piece.number * kPiece, length(piece), deadline_);
    if (!digest) return tl::unexpected(digest.error());
    records_[piece.file].sha256[piece.number] = *std::move(digest);
    if (open.pieces_left.fetch_sub(1) > 1) return {};
    if (flush_ && ::fsync(open.fd.get()) != 0) return fail_errno(errno, "fsync");
    open.fd.reset();
    return {};
  }

  bool flush_;
  Deadline deadline_;
  std::vector<FileRecord> records_;
  std::vector<Open> open_;
  std::vector<Piece> pieces_;
  std::atomic<std::size_t> next_ = 0;
};

}  // namespace

Result<Content> list_content(const std::string& folder) {
  Content out;
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator(folder, error); !error && at != fs::end(at); at.increment(error)) {
    const auto name = at->path().lexically_relative(folder).string();
    const auto type = at->symlink_status().type();
    if (type == fs::file_type::directory) {
      out.folders.push_back(name);
    } else if (type != fs::file_type::regular) {
      return fail(Code::Corrupt, "{} in {} is neither a file nor a folder", name, folder);
    } else if (name != kManifestFile && name != kCommittedFile) {
      out.files.push_back(name);
    }
  }
  if (error) return fail_errno(error.value(), "list " + folder);
  std::ranges::sort(out.files);
  return out;
}

Result<Fd> open_inside(int folder, const std::string& path) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  const long fd = ::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how);
  if (fd < 0 && (errno == ENOENT || errno == ELOOP || errno == EXDEV)) {
    return fail(Code::Corrupt, "{} is missing or is no plain file", path);
  }
  if (fd < 0) return fail_errno(errno, "open " + path);
  return Fd{static_cast<int>(fd)};
}

Result<std::vector<FileRecord>> hash_content(const std::string& folder, const std::vector<std::string>& files,
                                             bool flush, Deadline deadline) {
  Hasher hasher{flush, deadline};
  if (auto done = hasher.open_all(folder, files); !done) return tl::unexpected(done.error());
  if (auto done = hasher.run(); !done) return tl::unexpected(done.error());
  return hasher.take();
}

}  // namespace cutline::store
