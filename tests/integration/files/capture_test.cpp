#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.hpp"
#include "sidecar/files/catalog.hpp"
#include "sidecar/files/files.hpp"
#include "tests/integration/files/container.hpp"

namespace cutline::files {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

Deadline soon() { return Deadline::after(20s); }

Result<Capture> capture_of(const Container& c, std::vector<std::string> volumes = {}) {
  return capture({c.pid(), {c.pid()}, std::move(volumes), c.images()}, soon());
}

Catalog catalog_of(const Container& c) { return from_json(read(c.images() / kCatalogFile)).value(); }

std::vector<std::string> paths_of(const Container& c) {
  std::vector<std::string> out;
  for (const auto& e : catalog_of(c).entries) out.push_back(e.path);
  return out;
}

// Leaks on purpose: the process keeps what it opened until it is ended.
void hold(const char* path, int flags) { (void)::open(path, flags | O_CLOEXEC, 0600); }

TEST(Capture, TakesFilesOpenForWritingAndNoOthers) {
  const Container c{[](const auto& root) {
                      for (const auto* name : {"read", "write", "append", "path"}) write(root / name, name);
                    },
                    [] {
                      hold("/read", O_RDONLY), hold("/write", O_RDWR), hold("/append", O_WRONLY | O_APPEND),
                          hold("/path", O_PATH | O_RDWR);
                      hold("/append", O_RDWR);
                    }};
  const auto done = capture_of(c);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_THAT(paths_of(c), UnorderedElementsAre("/write", "/append"));
  EXPECT_EQ(done->bytes, Bytes{11});
}

TEST(Capture, TakesWritableSharedMappingsEvenWhenTheirDescriptorIsClosed) {
  const auto map = [](const char* path, int flags) {
    const int fd = ::open(path, O_RDWR);
    void* at = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, flags, fd, 0);
    static_cast<char*>(at)[0] = 'X';
    ::close(fd);
  };
  const Container c{[](const auto& root) {
                      write(root / "shared", std::string(4096, 's'));
                      write(root / "private", std::string(4096, 'p'));
                    },
                    [&] { map("/shared", MAP_SHARED), map("/private", MAP_PRIVATE); }};
  ASSERT_TRUE(capture_of(c));
  ASSERT_THAT(paths_of(c), UnorderedElementsAre("/shared"));
  const auto entry = catalog_of(c).entries.front();
  EXPECT_FALSE(entry.settled) << "a mapping changes the file without changing its times";
  EXPECT_EQ(read(c.images() / entry.data)[entry.extents.front().stored], 'X');
}

TEST(Capture, LeavesOutWhatHasNoNameAndWhatTheKernelMakesUp) {
  const Container c{[](const auto& root) { write(root / "gone", "gone"); },
                    [] {
                      hold("/gone", O_RDWR);
                      ::unlink("/gone");
                      (void)::memfd_create("memory", MFD_CLOEXEC);
                      ::mkdir("/proc", 0755);
                      (void)::mount("proc", "/proc", "proc", 0, nullptr);
                      hold("/proc/self/comm", O_RDWR);
                      ::mkdir("/dev", 0755);
                      (void)::mknod("/dev/null", S_IFCHR | 0666, makedev(1, 3));
                      hold("/dev/null", O_RDWR);
                    }};
  const auto done = capture_of(c);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_THAT(paths_of(c), UnorderedElementsAre());
  EXPECT_THAT(done->skipped, UnorderedElementsAre());
}

TEST(Capture, SaysWhichHeldFileIsNoLongerUnderItsName) {
  const Container c{[](const auto& root) { write(root / "log", "old"); },
                    [] {
                      hold("/log", O_RDWR);
                      ::link("/log", "/kept");
                      ::unlink("/log");
                      hold("/log", O_RDONLY | O_CREAT);
                    }};
  const auto done = capture_of(c);
  ASSERT_TRUE(done);
  EXPECT_THAT(done->skipped, UnorderedElementsAre(HasSubstr("/log")));
}

TEST(Capture, TakesAVolumeWhole) {
  const Container c{[](const auto& root) {
                      write(root / "data/a", "a");
                      write(root / "data/deep/er/b", "bb");
                      std::filesystem::create_symlink("/etc/passwd", root / "data/link");
                      std::filesystem::create_hard_link(root / "data/a", root / "data/deep/a2");
                      std::filesystem::create_directory(root / "data/empty");
                      ::mkfifo((root / "data/pipe").c_str(), 0600);
                      write(root / "elsewhere", "x");
                    },
                    [] {}};
  const auto done = capture_of(c, {"/data", "/data/deep"});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_THAT(paths_of(c), UnorderedElementsAre("/data", "/data/a", "/data/deep", "/data/deep/er", "/data/deep/er/b",
                                                "/data/link", "/data/deep/a2", "/data/empty", "/data/pipe"));
  EXPECT_EQ(done->bytes, Bytes{3}) << "a hard link's contents are stored once";
}

TEST(Capture, StoresOnlyTheDataOfASparseFile) {
  const Container c{[](const auto& root) {
                      write(root / "data/sparse", "begin");
                      std::filesystem::resize_file(root / "data/sparse", 1ULL << 40U);
                    },
                    [] {}};
  const auto done = capture_of(c, {"/data"});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_LE(value(done->bytes), 65536U);
  EXPECT_EQ(catalog_of(c).entries.back().size, 1ULL << 40U);
}

TEST(Capture, FollowsNoLinkOutOfTheContainer) {
  const Container c{[](const auto& root) { std::filesystem::create_symlink("../../../../../../etc", root / "data"); },
                    [] {}};
  const auto done = capture_of(c, {"/data"});
  ASSERT_FALSE(done) << "the link must be resolved inside of the container, where there is no /etc";
  EXPECT_EQ(done.error().code, Code::Invalid);
  EXPECT_THAT(done.error().message, HasSubstr("volume /data"));
}

TEST(Capture, RefusesVolumesWithDots) {
  const Container c{[](const auto&) {}, [] {}};
  EXPECT_EQ(capture_of(c, {"/data/../etc"}).error().code, Code::Invalid);
}

TEST(Capture, SaysHowMuchRoomIsMissingBeforeItCopies) {
  const Container c{[](const auto& root) { write(root / "data/big", std::string(3 << 20, 'b')); }, [] {}};
  ASSERT_EQ(::mount("tmpfs", c.images().c_str(), "tmpfs", 0, "size=1m"), 0);
  const auto done = capture_of(c, {"/data"});
  const auto left = std::filesystem::is_empty(c.images());
  ::umount2(c.images().c_str(), MNT_DETACH);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::Exhausted);
  EXPECT_THAT(done.error().message, HasSubstr("need up to 3145728 bytes, 1048576 are free"));
  EXPECT_TRUE(left);
}

TEST(Capture, SaysWhichFileFoundNoRoomWhenTheDiskFillsUpMeanwhile) {
  const Container c{[](const auto& root) {
                      for (int i = 0; i < 8; ++i) write(root / "data" / std::to_string(i), std::string(65537, 'x'));
                    },
                    [] {}};
  // Their sum fits, but each begins on a block of its own.
  ASSERT_EQ(::mount("tmpfs", c.images().c_str(), "tmpfs", 0, "size=532480"), 0);
  const auto done = capture_of(c, {"/data"});
  ::umount2(c.images().c_str(), MNT_DETACH);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::Exhausted);
  EXPECT_THAT(
      done.error().message,
      testing::MatchesRegex("/data/[0-7]: write: No space left on device: .*need up to 524296 bytes, .* are free.*"));
}

TEST(Capture, EndsAtItsDeadline) {
  const Container c{[](const auto& root) { write(root / "data/a", "a"); }, [] {}};
  const auto done = capture({c.pid(), {c.pid()}, {"/data"}, c.images()}, Deadline::after(0ms));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::Timeout);
}

TEST(Capture, CopiesManyFilesOnTwoThreadsWithoutMixingThem) {
  constexpr int kFiles = 500;
  const Container c{[](const auto& root) {
                      for (int i = 0; i < kFiles; ++i)
                        write(root / "data" / std::to_string(i),
                              std::string(static_cast<std::size_t>(i) * 37, static_cast<char>(i)));
                    },
                    [] {}};
  ASSERT_TRUE(capture_of(c, {"/data"}));
  std::map<std::string, std::string> data;
  int files = 0;
  for (const auto& e : catalog_of(c).entries) {
    if (e.kind != Kind::File) continue;
    ++files;
    std::string stored;
    if (!data.contains(e.data)) data[e.data] = read(c.images() / e.data);
    for (const auto& x : e.extents) stored += data[e.data].substr(x.stored, x.length);
    EXPECT_EQ(stored, read(c.root() / e.path.substr(1)));
  }
  EXPECT_EQ(files, kFiles);
  EXPECT_EQ(data.size(), 2U);
}

}  // namespace
}  // namespace cutline::files
