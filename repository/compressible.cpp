#include "repository/compressible.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <filesystem>
#include <vector>

#include "base/fd.hpp"

namespace cutline::repository {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBlocks = 64, kBlock = 16U << 10U;
constexpr double kWorth = 0.95;

struct File {
  fs::path path;
  std::uint64_t size;
};

Result<std::vector<File>> files_in(const std::string& folder) {
  std::vector<File> out;
  std::error_code error;
  for (fs::recursive_directory_iterator at{folder, error}, end; !error && at != end; at.increment(error))
    if (at->is_regular_file(error) && !at->is_symlink(error)) out.push_back({at->path(), at->file_size(error)});
  if (error) return fail_errno(error.value(), "read " + folder);
  return out;
}

// Every `step` bytes one block, counted on from file to file.
Result<std::string> sample_of(const std::vector<File>& files) {
  std::uint64_t all = 0;
  for (const auto& file : files) all += file.size;
  const auto step = std::max(all / kBlocks, kBlock);
  std::string out;
  std::uint64_t next = 0;  // within the file
  for (const auto& file : files) {
    if (next < file.size) {
      const auto opened = open_file(file.path.string(), O_RDONLY | O_NOFOLLOW);
      if (!opened) return tl::unexpected(opened.error());
      for (; next < file.size; next += step) {
        const auto before = out.size();
        out.resize(before + kBlock);
        const auto got = ::pread(opened->get(), out.data() + before, kBlock, static_cast<off_t>(next));
        if (got < 0) return fail_errno(errno, "read " + file.path.string());
        out.resize(before + static_cast<std::size_t>(got));
      }
    }
    next -= file.size;
  }
  return out;
}

}  // namespace

double shrinks_to(std::string_view sample) {
  if (sample.empty()) return 1;
  auto size = ::compressBound(sample.size());
  std::vector<Bytef> out(size);
  const auto done =
      ::compress2(out.data(), &size, reinterpret_cast<const Bytef*>(sample.data()), sample.size(), Z_BEST_SPEED);
  return done == Z_OK ? static_cast<double>(size) / static_cast<double>(sample.size()) : 1;
}

Result<bool> worth_compressing(const std::string& folder) {
  const auto files = files_in(folder);
  if (!files) return tl::unexpected(files.error());
  const auto sample = sample_of(*files);
  if (!sample) return tl::unexpected(sample.error());
  return shrinks_to(*sample) < kWorth;
}

}  // namespace cutline::repository
