#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <fstream>

#include "base/fd.hpp"
#include "sidecar/files/catalog.hpp"
#include "sidecar/files/contents.hpp"
#include "sidecar/files/files.hpp"
#include "sidecar/files/rooted.hpp"
#include "tests/integration/files/container.hpp"

namespace cutline::files {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

Deadline soon() { return Deadline::after(20s); }

void capture_or_die(const Container& c, std::vector<std::string> volumes) {
  const auto done = capture({c.pid(), {c.pid()}, std::move(volumes), c.images()}, soon());
  ASSERT_TRUE(done) << done.error().message;
}

Result<PutBack> put_back_of(Container& c) {
  c.restart([] {});  // the old processes have ended
  return put_back({c.pid(), c.images()}, soon());
}

struct stat status_at(const fs::path& path) {
  struct stat out{};
  EXPECT_EQ(::lstat(path.c_str(), &out), 0) << path;
  return out;
}

void append(const fs::path& path, std::string_view more) { std::ofstream{path, std::ios::app} << more; }

TEST(PutBack, GivesAHeldFileItsOldContentsInPlace) {
  Container c{[](const auto& root) { write(root / "var/journal", "one\n"); },
              [] { (void)::open("/var/journal", O_RDWR | O_APPEND); }};
  capture_or_die(c, {});
  const auto before = status_at(c.root() / "var/journal");
  append(c.root() / "var/journal", "two\n");
  const auto done = put_back_of(c);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(read(c.root() / "var/journal"), "one\n");
  EXPECT_EQ(status_at(c.root() / "var/journal").st_ino, before.st_ino);
}

TEST(PutBack, MakesAMissingFileAndItsFolderAgain) {
  Container c{[](const auto& root) {
                write(root / "var/lib/journal", "one\n");
                ::chmod((root / "var/lib/journal").c_str(), 0604);
                (void)::chown((root / "var/lib/journal").c_str(), 1000, 1001);
                ::chmod((root / "var/lib").c_str(), 0710);
                (void)::chown((root / "var/lib").c_str(), 1000, 1002);
              },
              [] { (void)::open("/var/lib/journal", O_RDWR); }};
  capture_or_die(c, {});
  fs::remove_all(c.root() / "var");
  ASSERT_TRUE(put_back_of(c));
  EXPECT_EQ(read(c.root() / "var/lib/journal"), "one\n");
  const auto now = status_at(c.root() / "var/lib/journal");
  EXPECT_EQ(now.st_mode & 07777U, 0604U);
  EXPECT_EQ(now.st_uid, 1000U);
  EXPECT_EQ(now.st_gid, 1001U);
  const auto folder = status_at(c.root() / "var/lib");
  EXPECT_EQ(folder.st_mode & 07777U, 0710U) << "whose files it holds must be able to make more";
  EXPECT_EQ(folder.st_uid, 1000U);
  EXPECT_EQ(folder.st_gid, 1002U);
}

TEST(PutBack, BringsAVolumeBackToTheLastFile) {
  Container c{[](const auto& root) {
                write(root / "data/kept", "kept");
                write(root / "data/changed", "before");
                write(root / "data/gone/deep/file", "deep");
                write(root / "data/becomes-folder", "file");
                write(root / "data/becomes-file/x", "x");
                fs::create_symlink("kept", root / "data/link");
                fs::create_hard_link(root / "data/kept", root / "data/twin");
                ::mkfifo((root / "data/pipe").c_str(), 0640);
                ::setxattr((root / "data/changed").c_str(), "user.note", "old", 3, 0);
                ::chmod((root / "data/gone").c_str(), 0710);
              },
              [] {}};
  capture_or_die(c, {"/data"});
  const auto data = c.root() / "data";
  const auto changed = status_at(data / "changed");
  write(data / "changed", "after, and longer");
  ::setxattr((data / "changed").c_str(), "user.note", "new", 3, 0);
  ::setxattr((data / "changed").c_str(), "user.more", "1", 1, 0);
  fs::remove_all(data / "gone");
  fs::remove(data / "becomes-folder"), write(data / "becomes-folder/y/z", "y");
  fs::remove_all(data / "becomes-file"), write(data / "becomes-file", "file");
  fs::remove(data / "link"), fs::create_symlink("/etc/passwd", data / "link");
  fs::remove(data / "twin"), write(data / "twin", "alone");
  fs::remove(data / "pipe");
  write(data / "extra/a/b", "extra");
  fs::create_symlink("/", data / "extra/out");

  const auto done = put_back_of(c);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(read(data / "changed"), "before");
  EXPECT_EQ(nanos(status_at(data / "changed").st_mtim), nanos(changed.st_mtim));
  char note[8] = {};
  EXPECT_EQ(::getxattr((data / "changed").c_str(), "user.note", note, sizeof note), 3);
  EXPECT_STREQ(note, "old");
  EXPECT_LT(::getxattr((data / "changed").c_str(), "user.more", note, sizeof note), 0);
  EXPECT_EQ(read(data / "gone/deep/file"), "deep");
  EXPECT_EQ(status_at(data / "gone").st_mode & 07777U, 0710U);
  EXPECT_EQ(read(data / "becomes-folder"), "file");
  EXPECT_EQ(read(data / "becomes-file/x"), "x");
  EXPECT_EQ(fs::read_symlink(data / "link"), "kept");
  EXPECT_EQ(status_at(data / "twin").st_ino, status_at(data / "kept").st_ino);
  EXPECT_TRUE(S_ISFIFO(status_at(data / "pipe").st_mode));
  EXPECT_FALSE(fs::exists(data / "extra"));
  EXPECT_TRUE(fs::exists("/etc"));
}

TEST(PutBack, KeepsTwoFilesApartThatHaveBecomeOne) {
  Container c{[](const auto& root) {
                write(root / "data/a", "aaaa");
                write(root / "data/b", "bbbb");
              },
              [] {}};
  capture_or_die(c, {"/data"});
  fs::remove(c.root() / "data/b");
  fs::create_hard_link(c.root() / "data/a", c.root() / "data/b");
  ASSERT_TRUE(put_back_of(c));
  EXPECT_EQ(read(c.root() / "data/a"), "aaaa");
  EXPECT_EQ(read(c.root() / "data/b"), "bbbb");
}

TEST(PutBack, FindsWhatAMappingChangedWithoutATrace) {
  Container c{[](const auto& root) { write(root / "table", std::string(8192, 'o')); },
              [] {
                const int fd = ::open("/table", O_RDWR);
                auto* at =
                    static_cast<volatile char*>(::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
                ::close(fd);
                at[0] = 'o';
              }};
  capture_or_die(c, {});
  const auto before = status_at(c.root() / "table");
  const auto fd = open_file(c.root() / "table", O_RDWR).value();
  auto* at = static_cast<volatile char*>(::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0));
  at[5000] = 'n';
  ::munmap(const_cast<char*>(at), 8192);
  const timespec times[2] = {before.st_atim, before.st_mtim};
  ::futimens(fd.get(), times);
  const auto done = put_back_of(c);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(read(c.root() / "table"), std::string(8192, 'o'));
}

TEST(PutBack, DoesNotOpenFilesThatNobodyTouched) {
  Container c{[](const auto& root) {
                for (int i = 0; i < 20; ++i) write(root / "data" / std::to_string(i), std::to_string(i));
              },
              [] {}};
  // A change may go on for a moment after it was timed: only older files count as settled.
  const auto newest = nanos(status_at(c.root() / "data/19").st_ctim);
  timespec now{};
  do ::clock_gettime(CLOCK_REALTIME, &now);
  while (nanos(now) <= newest + kSettles);
  capture_or_die(c, {"/data"});
  append(c.root() / "data/7", "!");
  const auto done = put_back_of(c);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->unchanged, 19U);
  EXPECT_EQ(done->compared, 1U);
  EXPECT_EQ(read(c.root() / "data/7"), "7");
}

TEST(PutBack, WritesOnlyTheBlocksThatDifferAndSaysHowMuchThatWas) {
  Container c{[](const auto& root) { write(root / "data/large", std::string(8 << 20, 'o')); }, [] {}};
  capture_or_die(c, {"/data"});
  const auto before = status_at(c.root() / "data/large");
  const auto fd = open_file(c.root() / "data/large", O_RDWR).value();
  for (const off_t at : {5'000, 5'001, 4'000'000}) ASSERT_EQ(::pwrite(fd.get(), "n", 1, at), 1);
  const timespec times[2] = {before.st_atim, before.st_mtim};
  ::futimens(fd.get(), times);  // as if nothing had been
  const auto done = put_back_of(c);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->written, Bytes{2 * 4096});
  EXPECT_EQ(read(c.root() / "data/large"), std::string(8 << 20, 'o'));
}

TEST(PutBack, PutsHolesBack) {
  const auto make = [](const fs::path& path) {
    write(path, "begin");
    fs::resize_file(path, 1 << 20);
    append(path, "end");
  };
  Container c{[&](const auto& root) { make(root / "data/sparse"); }, [] {}};
  const auto before = read(c.root() / "data/sparse");
  capture_or_die(c, {"/data"});
  write(c.root() / "data/sparse", std::string(2 << 20, 'x'));
  ASSERT_TRUE(put_back_of(c));
  EXPECT_EQ(read(c.root() / "data/sparse"), before);
  EXPECT_LT(status_at(c.root() / "data/sparse").st_blocks * 512, 512 << 10);
}

TEST(PutBack, DoesTheSameWhenItIsRepeated) {
  Container c{[](const auto& root) { write(root / "data/a", "a"), write(root / "data/sub/b", "b"); }, [] {}};
  capture_or_die(c, {"/data"});
  fs::remove_all(c.root() / "data/sub");
  ASSERT_TRUE(put_back_of(c));
  ASSERT_TRUE(put_back_of(c));
  EXPECT_EQ(read(c.root() / "data/sub/b"), "b");
}

TEST(PutBack, WritesThroughNoLinkThatHasTakenAFilesPlace) {
  Container c{[](const auto& root) { write(root / "log", "saved"), write(root / "victim", "victim"); },
              [] { (void)::open("/log", O_RDWR); }};
  capture_or_die(c, {});
  fs::remove(c.root() / "log");
  fs::create_symlink("/victim", c.root() / "log");
  ASSERT_TRUE(put_back_of(c));
  EXPECT_EQ(read(c.root() / "victim"), "victim");
  EXPECT_EQ(read(c.root() / "log"), "saved");
}

TEST(PutBack, RefusesACatalogThatNamesAPathOutside) {
  Container c{[](const auto& root) { write(root / "log", "saved"); }, [] { (void)::open("/log", O_RDWR); }};
  capture_or_die(c, {});
  auto text = read(c.images() / kCatalogFile);
  text.replace(text.find("\"/log\""), 6, "\"/../../escaped\"");
  write(c.images() / kCatalogFile, text);
  const auto done = put_back_of(c);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::Corrupt);
}

}  // namespace
}  // namespace cutline::files
