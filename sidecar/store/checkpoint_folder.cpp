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

constexpr std::size_t kFlushers =
    4;  // they only wait; together, the file system commits their journal entries in groups

// Calls work(0) ... work(count - 1) on that many threads; the first error ends it.
Status for_all(std::size_t count, std::size_t threads, const std::function<Status(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::vector<Status> results(std::clamp<std::size_t>(count, 1, threads));
  const auto run = [&](Status& result) {
    for (auto i = next.fetch_add(1); i < count && result; i = next.fetch_add(1)) result = work(i);
    if (!result) next = count;
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < results.size(); ++i) others.emplace_back([&, i] { run(results[i]); });
    run(results[0]);
  }
  for (auto& result : results) {
    if (!result) return result;
  }
  return {};
}

struct Piece {
  std::size_t file = 0;
  std::size_t number = 0;
  std::uint64_t length = 0;
};

class Folder {
 public:
  static Result<Folder> open(const std::string& path, std::vector<FileRecord> files) {
    auto fd = open_file(path, O_PATH | O_DIRECTORY);
    if (!fd) return tl::unexpected(fd.error());
    return Folder{*std::move(fd), std::move(files)};
  }

  Status hash(Deadline deadline) {
    const auto cores = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 8);
    return for_all(pieces_.size(), cores, [&](std::size_t i) -> Status {
      auto& record = records_[pieces_[i].file];
      auto fd = open_inside(fd_.get(), record.path);
      if (!fd) return tl::unexpected(fd.error());
      auto digest = sha256_of(fd->get(), pieces_[i].number * kPiece, pieces_[i].length, deadline);
      if (!digest) return forward(digest, record.path);
      record.sha256[pieces_[i].number] = *std::move(digest);
      return {};
    });
  }

  // A flush cannot be broken off; the deadline is looked at between files.
  [[nodiscard]] Status flush(Deadline deadline) const {
    return for_all(records_.size(), kFlushers, [&](std::size_t i) -> Status {
      if (deadline.passed()) return fail(Code::Timeout, "the deadline passed while files were written to disk");
      auto fd = open_inside(fd_.get(), records_[i].path);
      if (!fd) return tl::unexpected(fd.error());
      return ::fsync(fd->get()) == 0 ? Status{} : fail_errno(errno, "fsync " + records_[i].path);
    });
  }

  std::vector<FileRecord> take() { return std::move(records_); }

 private:
  Folder(Fd fd, std::vector<FileRecord> files) : fd_(std::move(fd)), records_(std::move(files)) {
    for (std::size_t file = 0; file < records_.size(); ++file) {
      const auto size = records_[file].size;
      const auto count = std::max<std::size_t>(1, (size + kPiece - 1) / kPiece);
      for (std::size_t i = 0; i < count; ++i) pieces_.push_back({file, i, std::min(kPiece, size - i * kPiece)});
      records_[file].sha256.resize(count);
    }
    // Large pieces first, so that no core ends up alone with one.
    std::ranges::stable_sort(pieces_, std::greater{}, &Piece::length);
  }

  Fd fd_;
  std::vector<FileRecord> records_;
  std::vector<Piece> pieces_;
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
    } else if (name != kManifestFile && name != kCommittedFile && name != kAdoptedFile) {
      const auto size = at->file_size(error);
      if (error) break;
      out.files.push_back({name, size, {}});
    }
  }
  if (error) return fail_errno(error.value(), "list " + folder);
  std::ranges::sort(out.files, {}, &FileRecord::path);
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

Result<std::vector<FileRecord>> hash_files(const std::string& folder, std::vector<FileRecord> files, Reading reading,
                                           Deadline deadline) {
  auto opened = Folder::open(folder, std::move(files));
  if (!opened) return tl::unexpected(opened.error());
  Status flushed;
  Status hashed;
  {
    std::jthread flusher;
    if (reading == Reading::AndFlush) flusher = std::jthread{[&] { flushed = opened->flush(deadline); }};
    hashed = opened->hash(deadline);
  }
  if (!hashed || !flushed) return tl::unexpected(hashed ? flushed.error() : hashed.error());
  return opened->take();
}

Status flush_folders(const std::string& folder) {
  auto content = list_content(folder);
  if (!content) return tl::unexpected(content.error());
  for (const auto& name : content->folders)
    if (auto done = flush_folder(folder + '/' + name); !done) return done;
  return flush_folder(folder);
}

Status flush_folder(const std::string& path) {
  auto fd = open_file(path, O_RDONLY | O_DIRECTORY);
  if (!fd) return tl::unexpected(fd.error());
  return ::fsync(fd->get()) == 0 ? Status{} : fail_errno(errno, "fsync " + path);
}

}  // namespace cutline::store
