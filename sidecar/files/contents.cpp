#include "sidecar/files/contents.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sidecar/files/rooted.hpp"

namespace cutline::files {
namespace {

constexpr std::size_t kChunk = 256 << 10;  // fits the second-level cache
constexpr std::uint64_t kAligned =
    64 << 10;  // from this size on, contents start on a block, so that blocks can be shared
constexpr std::uint64_t kBlock = 4096;
constexpr std::uint64_t kBetweenLooks = 16 << 20;  // bytes between two looks at the clock

std::vector<Extent> whole(std::uint64_t size) {
  return size == 0 ? std::vector<Extent>{} : std::vector<Extent>{{0, size, 0}};
}

// Where data is, by SEEK_DATA; all of it where the file system does not know.
std::vector<Extent> extents_of(int file, std::uint64_t size) {
  std::vector<Extent> out;
  for (std::uint64_t at = 0; at < size;) {
    const off_t data = ::lseek(file, static_cast<off_t>(at), SEEK_DATA);
    if (data < 0) return errno == ENXIO ? out : whole(size);
    const off_t hole = ::lseek(file, data, SEEK_HOLE);
    if (hole < 0) return whole(size);
    const auto from = std::min(static_cast<std::uint64_t>(data), size);
    at = std::min(static_cast<std::uint64_t>(hole), size);
    if (at > from) out.push_back({from, at - from, 0});
  }
  return out;
}

Status read_exactly(int fd, char* to, std::size_t length, std::uint64_t at) {
  while (length > 0) {
    const ssize_t n = ::pread(fd, to, length, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, "read");
    if (n == 0) return fail(Code::Conflict, "shorter than it was a moment ago");
    to += n;
    length -= static_cast<std::size_t>(n);
    at += static_cast<std::uint64_t>(n);
  }
  return {};
}

Status write_exactly(int fd, const char* from, std::size_t length, std::uint64_t at) {
  while (length > 0) {
    const ssize_t n = ::pwrite(fd, from, length, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, "write");
    from += n;
    length -= static_cast<std::size_t>(n);
    at += static_cast<std::uint64_t>(n);
  }
  return {};
}

Status copy_through_memory(int from, std::uint64_t at, int to, std::uint64_t stored, std::uint64_t length) {
  thread_local std::vector<char> buffer(kChunk);
  while (length > 0) {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(length, kChunk));
    if (auto done = read_exactly(from, buffer.data(), part, at); !done) return done;
    if (auto done = write_exactly(to, buffer.data(), part, stored); !done) return done;
    at += part, stored += part, length -= part;
  }
  return {};
}

// The kernel's own copy, which shares blocks on file systems that can; else through memory.
Status copy(int from, std::uint64_t at, int to, std::uint64_t stored, std::uint64_t length) {
  while (length >= kAligned) {
    auto in = static_cast<off_t>(at);
    auto out = static_cast<off_t>(stored);
    const ssize_t n = ::copy_file_range(from, &in, to, &out, length, 0);
    if (n <= 0) break;
    at += static_cast<std::uint64_t>(n), stored += static_cast<std::uint64_t>(n),
        length -= static_cast<std::uint64_t>(n);
  }
  return copy_through_memory(from, at, to, stored, length);
}

Status late(Deadline deadline) {
  return deadline.passed() ? fail(Code::Timeout, "the deadline passed while files were copied") : Status{};
}

// Writes the blocks that differ. Of a part that does.
Status put_blocks(int file, const char* wanted, const char* present, std::size_t length, std::uint64_t at,
                  std::uint64_t& written) {
  for (std::size_t from = 0; from < length;) {
    const auto part = std::min<std::size_t>(kBlock - (at + from) % kBlock, length - from);
    if (std::memcmp(wanted + from, present + from, part) != 0) {
      if (auto wrote = write_exactly(file, wanted + from, part, at + from); !wrote) return wrote;
      written += part;
    }
    from += part;
  }
  return {};
}

// Writes where [at, at + length) of the file differs from the data.
Status put_extent(int file, int data, const Extent& x, std::uint64_t& written) {
  thread_local std::vector<char> wanted(kChunk);
  thread_local std::vector<char> present(kChunk);
  for (std::uint64_t done = 0; done < x.length;) {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(x.length - done, kChunk));
    if (auto read = read_exactly(data, wanted.data(), part, x.stored + done); !read) {
      return fail(Code::Corrupt, "saved contents: {}", read.error().message);
    }
    if (auto read = read_exactly(file, present.data(), part, x.at + done); !read) return read;
    if (std::memcmp(wanted.data(), present.data(), part) != 0) {
      if (auto wrote = put_blocks(file, wanted.data(), present.data(), part, x.at + done, written); !wrote)
        return wrote;
    }
    done += part;
  }
  return {};
}

// Zeros in [from, to), without writing where there is a hole already.
Status put_hole(int file, std::uint64_t from, std::uint64_t to) {
  if (from >= to) return {};
  const off_t data = ::lseek(file, static_cast<off_t>(from), SEEK_DATA);
  if (data < 0 || static_cast<std::uint64_t>(data) >= to) return {};
  const auto length = static_cast<off_t>(to - from);
  if (::fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(from), length) == 0) return {};
  const std::vector<char> zeros(kChunk);
  for (auto at = from; at < to; at += kChunk) {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(to - at, kChunk));
    if (auto done = write_exactly(file, zeros.data(), part, at); !done) return done;
  }
  return {};
}

}  // namespace

std::int64_t now_ns() {
  timespec now{};
  (void)::clock_gettime(CLOCK_REALTIME, &now);
  return nanos(now);
}

bool times_changes(int fd) {
  struct statfs system{};
  return ::fstatfs(fd, &system) == 0 && system.f_type != TMPFS_MAGIC;
}

Result<DataFile> DataFile::make(const std::string& folder) {
  for (int number = 0;; ++number) {
    auto name = fmt::format("files-{}.data", number);
    const auto path = folder + '/' + name;
    Fd fd{::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (fd) return DataFile{std::move(fd), std::move(name)};
    if (errno != EEXIST) return fail_errno(errno, "create " + path);
  }
}

void DataFile::begin_flush() const { (void)::sync_file_range(fd_.get(), 0, 0, SYNC_FILE_RANGE_WRITE); }

Status DataFile::add(int file, Entry& entry, Deadline deadline, const std::stop_token& stop) {
  entry.data = name_;
  entry.extents = entry.allocated < entry.size ? extents_of(file, entry.size) : whole(entry.size);
  for (auto& x : entry.extents) {
    if (x.length >= kAligned) end_ = (end_ + kBlock - 1) / kBlock * kBlock;
    x.stored = end_;
    for (std::uint64_t done = 0; done < x.length;) {
      const auto part = std::min(x.length - done, kBetweenLooks);
      if (auto copied = copy(file, x.at + done, fd_.get(), x.stored + done, part); !copied) return copied;
      done += part;
      if (auto in_time = late(deadline); !in_time) return in_time;
      if (stop.stop_requested()) return fail(Code::Timeout, "stopped");
    }
    end_ += x.length;
  }
  return {};
}

Result<Bytes> put_contents(int file, const Entry& entry, int data, Deadline deadline) {
  auto status = status_of(file);
  if (!status) return tl::unexpected(status.error());
  if (static_cast<std::uint64_t>(status->st_size) != entry.size &&
      ::ftruncate(file, static_cast<off_t>(entry.size)) != 0) {
    return fail_errno(errno, "truncate");
  }
  std::uint64_t written = 0;
  std::uint64_t hole = 0;
  for (const auto& x : entry.extents) {
    if (auto done = put_hole(file, hole, x.at); !done) return tl::unexpected(done.error());
    if (auto done = put_extent(file, data, x, written); !done) return tl::unexpected(done.error());
    if (auto in_time = late(deadline); !in_time) return tl::unexpected(in_time.error());
    hole = x.at + x.length;
  }
  if (auto done = put_hole(file, hole, entry.size); !done) return tl::unexpected(done.error());
  return Bytes{written};
}

}  // namespace cutline::files
