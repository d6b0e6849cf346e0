// What is not copied again: from a copy made beforehand while files change, and from one checkpoint to the next.
#include "sidecar/files/earlier.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "sidecar/files/contents.hpp"
#include "sidecar/files/files.hpp"
#include "sidecar/files/rooted.hpp"
#include "tests/integration/files/container.hpp"

namespace cutline::files {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using testing::UnorderedElementsAre;

Deadline soon() { return Deadline::after(60s); }

struct stat status_at(const fs::path& path) {
  struct stat out{};
  EXPECT_EQ(::lstat(path.c_str(), &out), 0) << path;
  return out;
}

// Change times cannot be set: until all that is there is old enough to be copied beforehand.
void settle(const fs::path& tree) {
  std::int64_t newest = 0;
  for (const auto& entry : fs::recursive_directory_iterator(tree))
    newest = std::max(newest, nanos(status_at(entry.path()).st_ctim));
  while (now_ns() <= newest + kSettles) std::this_thread::sleep_for(10ms);
}

// The container's files, as they were captured: by name, what a file holds.
struct Taken {
  Capture report;
  std::map<std::string, std::string> contents;
  Catalog catalog;
};

struct Volume : testing::Test {
  std::optional<Container> container;
  int folders = 0;

  void begin(const std::function<void(const fs::path& data)>& prepare, const std::function<void()>& inside = [] {}) {
    container.emplace([&](const fs::path& root) { prepare(root / "data"); }, inside);
    settle(container->root() / "data");
  }
  fs::path data() const { return container->root() / "data"; }

  fs::path folder() {
    auto out = container->images() / std::to_string(folders++);
    fs::create_directory(out);
    return out;
  }

  struct Copied {
    fs::path folder;
    Bytes bytes{};
  };
  Copied beforehand(const std::optional<fs::path>& base = {}) {
    Copied out{folder(), {}};
    std::optional<Earlier> earlier;
    if (base) earlier.emplace(Earlier::link(*base, out.folder).value());
    auto pids = [this]() -> Result<std::vector<int>> { return std::vector{container->pid()}; };
    const auto done =
        precopy({container->pid(), pids, {"/data"}, out.folder, earlier ? &*earlier : nullptr, {}}, soon());
    EXPECT_TRUE(done) << done.error().message;
    out.bytes = done.value_or(Bytes{});
    return out;
  }

  // A capture while all stands still, which takes over what it can.
  Taken taken(const fs::path& base, fs::path* into = nullptr) {
    const auto to = folder();
    if (into != nullptr) *into = to;
    const auto earlier = Earlier::link(base, to).value();
    return read_back(to, capture({container->pid(), {container->pid()}, {"/data"}, to, &earlier, {}}, soon()));
  }
  fs::path whole() {
    const auto to = folder();
    EXPECT_TRUE(capture({container->pid(), {container->pid()}, {"/data"}, to}, soon()));
    return to;
  }

  Taken read_back(const fs::path& from, const Result<Capture>& report) {
    if (!report) throw std::runtime_error(report.error().message);
    Taken out{*report, {}, read_catalog(from).value()};
    for (const auto& e : out.catalog.entries) {
      if (e.kind != Kind::File) continue;
      std::string text(e.size, '\0');
      const auto stored = read(from / e.data);
      for (const auto& x : e.extents) text.replace(x.at, x.length, stored.substr(x.stored, x.length));
      out.contents[e.path] = std::move(text);
    }
    return out;
  }
};

void overwrite(const fs::path& path, std::string_view text) {
  const auto fd = open_file(path, O_WRONLY);
  ASSERT_TRUE(fd) << path;
  ASSERT_EQ(::pwrite(fd->get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
}

// The times that a program can set are as before; the change time is the kernel's.
void set_back(const fs::path& path, const struct stat& before) {
  const timespec times[2] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
}

std::uint64_t total_of(const fs::path& folder) {
  std::uint64_t out = 0;
  for (const auto& entry : fs::directory_iterator(folder))
    out += entry.path().extension() == ".data" ? fs::file_size(entry.path()) : 0;
  return out;
}

TEST_F(Volume, IsTakenOverWhereNothingHasChangedSince) {
  begin([](const fs::path& d) {
    for (int i = 0; i < 50; ++i) write(d / std::to_string(i), std::string(1000, static_cast<char>('a' + i % 26)));
  });
  const auto before = beforehand();
  EXPECT_EQ(before.bytes, Bytes{50'000});
  overwrite(data() / "7", "changed");
  const auto now = taken(before.folder);
  EXPECT_EQ(now.report.copied, Bytes{1000});
  EXPECT_EQ(now.report.bytes, Bytes{50'000});
  EXPECT_EQ(now.contents.size(), 50U);
  for (const auto& [path, text] : now.contents) EXPECT_EQ(text, read(container->root() / path.substr(1))) << path;
}

TEST_F(Volume, OwnsItsBytesWhateverBecomesOfTheCopyMadeBeforehand) {
  begin([](const fs::path& d) { write(d / "a", "aaaa"); });
  const auto before = beforehand();
  fs::path to;
  EXPECT_EQ(taken(before.folder, &to).report.copied, Bytes{0});
  fs::remove_all(before.folder);
  EXPECT_EQ(read_back(to, Capture{}).contents.at("/data/a"), "aaaa");
}

TEST_F(Volume, IsNotTakenWhereAFileChangedInTheMomentBeforeTheCopy) {
  begin([](const fs::path& d) { write(d / "old", "old"), write(d / "racy", "1111"); });
  overwrite(data() / "racy", "2222");
  const auto before = beforehand();  // the clock may not have ticked since
  EXPECT_EQ(before.bytes, Bytes{3}) << "what may still change within the same tick is not even copied";
  const auto stamp = status_at(data() / "racy");
  overwrite(data() / "racy", "3333");
  set_back(data() / "racy", stamp);
  EXPECT_EQ(taken(before.folder).contents.at("/data/racy"), "3333");
}

TEST_F(Volume, IsNotTakenWhereAFilesTimeWasSetBack) {
  begin([](const fs::path& d) { write(d / "a", "before"); });
  const auto before = beforehand();
  const auto stamp = status_at(data() / "a");
  overwrite(data() / "a", "after!");
  set_back(data() / "a", stamp);
  EXPECT_EQ(nanos(status_at(data() / "a").st_mtim), nanos(stamp.st_mtim));
  EXPECT_EQ(taken(before.folder).contents.at("/data/a"), "after!");
}

TEST_F(Volume, IsNotTakenWhereAFileWasReplaced) {
  begin([](const fs::path& d) { write(d / "a", "before"); });
  const auto before = beforehand();
  const auto stamp = status_at(data() / "a");
  write(data() / "new", "after!");
  set_back(data() / "new", stamp);
  fs::rename(data() / "new", data() / "a");
  const auto now = taken(before.folder);
  EXPECT_EQ(now.contents.at("/data/a"), "after!");
  EXPECT_EQ(now.contents.size(), 1U);
}

TEST_F(Volume, IsAsItIsAfterFilesWereDeletedTruncatedAndMoved) {
  begin([](const fs::path& d) {
    write(d / "gone", "gone"), write(d / "cut", "cut off"), write(d / "moves", "moves"), write(d / "stays", "stays");
  });
  const auto before = beforehand();
  fs::remove(data() / "gone");
  fs::resize_file(data() / "cut", 3);
  fs::rename(data() / "moves", data() / "moved");
  const auto now = taken(before.folder);
  EXPECT_THAT(now.contents,
              UnorderedElementsAre(testing::Pair("/data/cut", "cut"), testing::Pair("/data/moved", "moves"),
                                   testing::Pair("/data/stays", "stays")));
}

TEST_F(Volume, HasTheModeTheOwnerAndTheAttributesOfNow) {
  begin([](const fs::path& d) {
    for (const auto* name : {"mode", "owner", "attribute", "kept"}) write(d / name, name);
    ::setxattr((d / "kept").c_str(), "user.note", "kept", 4, 0);
  });
  const auto before = beforehand();
  ::chmod((data() / "mode").c_str(), 04711);
  (void)::chown((data() / "owner").c_str(), 1000, 1001);
  ::setxattr((data() / "attribute").c_str(), "user.note", "new", 3, 0);
  std::map<std::string, Entry> entries;
  for (const auto& e : taken(before.folder).catalog.entries) entries[e.path] = e;
  EXPECT_EQ(entries["/data/mode"].mode, 04711U);
  EXPECT_EQ(entries["/data/owner"].uid, 1000U);
  EXPECT_EQ(entries["/data/owner"].gid, 1001U);
  EXPECT_EQ(entries["/data/attribute"].xattrs.at("user.note"), "new");
  EXPECT_EQ(entries["/data/kept"].xattrs.at("user.note"), "kept");
}

TEST_F(Volume, KeepsItsHardLinksSymbolicLinksAndHoles) {
  begin([](const fs::path& d) {
    write(d / "z", "twins"), fs::create_hard_link(d / "z", d / "a");
    fs::create_symlink("z", d / "link");
    write(d / "sparse", "begin"), fs::resize_file(d / "sparse", 8 << 20);
    std::ofstream{d / "sparse", std::ios::app} << "end";
  });
  const auto before = beforehand();
  EXPECT_LT(before.bytes, Bytes{1 << 20});
  const auto now = taken(before.folder);
  EXPECT_EQ(now.report.copied, Bytes{0});
  int files = 0, links = 0;
  for (const auto& e : now.catalog.entries) {
    files += e.kind == Kind::File ? 1 : 0;
    links += e.kind == Kind::HardLink ? 1 : 0;
    if (e.kind == Kind::Symlink) {
      EXPECT_EQ(e.links, "z");
    }
  }
  EXPECT_EQ(files, 2);
  EXPECT_EQ(links, 1);
  EXPECT_EQ(now.contents.at("/data/sparse"), read(data() / "sparse"));
}

// A process has a file mapped and writes there: only the first write is timed, and the mapping may be gone when all
// stand still.
TEST_F(Volume, IsNotTakenWhereAFileWasMappedWhenItWasCopied) {
  begin([](const fs::path& d) { write(d / "table", std::string(4096, 'o')); },
        [] {
          const int fd = ::open("/data/table", O_RDWR);
          auto* at = static_cast<volatile char*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
          ::close(fd);
          at[0] = 'x';
        });
  EXPECT_EQ(beforehand().bytes, Bytes{0});
  container->restart([] {});
  EXPECT_EQ(beforehand().bytes, Bytes{4096}) << "nobody has it mapped any more";
}

TEST_F(Volume, IsTakenOverFromOneCheckpointToTheNext) {
  begin([](const fs::path& d) {
    for (int i = 0; i < 8; ++i) write(d / std::to_string(i), std::string(100'000, static_cast<char>('a' + i)));
  });
  auto last = whole();
  for (int i = 0; i < 3; ++i) {
    overwrite(data() / std::to_string(i), "changed");
    settle(data());
    fs::path next;
    const auto now = taken(last, &next);
    EXPECT_EQ(now.report.copied, Bytes{100'000});
    fs::remove_all(last);
    last = next;
    for (const auto& [path, text] : read_back(last, Capture{}).contents)
      EXPECT_EQ(text, read(container->root() / path.substr(1))) << path;
  }
}

TEST_F(Volume, DoesNotGrowInTheStoreByWhatIsNoLongerInIt) {
  constexpr int kFiles = 8;
  begin([](const fs::path& d) {
    for (int i = 0; i < kFiles; ++i) write(d / std::to_string(i), std::string(64'000, 'a'));
  });
  auto last = whole();
  for (int round = 0; round < 5; ++round) {  // each leaves one file of the data file before
    for (int i = 0; i < kFiles; ++i)
      if (i != round) overwrite(data() / std::to_string(i), std::to_string(round));
    settle(data());
    fs::path next;
    (void)taken(last, &next);
    last = next;
    EXPECT_LE(total_of(last), 2U * kFiles * 64'000U) << "round " << round;
  }
}

TEST_F(Volume, IsCopiedBeforehandInSteps) {
  begin([](const fs::path& d) { write(d / "a", "aaaa"), write(d / "b", "bbbb"); });
  const auto first = beforehand();
  overwrite(data() / "b", "cccc");
  settle(data());
  const auto second = beforehand(first.folder);
  EXPECT_EQ(second.bytes, Bytes{4}) << "what has changed since the first step";
  const auto now = taken(second.folder);
  EXPECT_EQ(now.report.copied, Bytes{0});
  EXPECT_EQ(now.contents.at("/data/b"), "cccc");
}

// Programs write, replace and delete all the time; whatever was copied beforehand, a capture has what is there when
// they stand still.
TEST_F(Volume, IsAlwaysWhatItIsWhenAllStandsStill) {
  constexpr int kFiles = 24;
  begin([](const fs::path& d) {
    for (int i = 0; i < kFiles; ++i) write(d / std::to_string(i), std::string(4096, '0'));
  });
  auto base = beforehand().folder;
  for (int round = 0; round < 4; ++round) {
    const auto writer = ::fork();
    if (writer == 0) {
      for (unsigned n = static_cast<unsigned>(round) * 7919U;; n = n * 1103515245U + 12345U) {
        const auto path = data() / std::to_string(n % kFiles / 2);  // one half stays as it is
        const auto text = std::to_string(n);
        if (n % 5 == 0) {
          std::ofstream{data() / "new"} << text;
          ::rename((data() / "new").c_str(), path.c_str());
        } else if (const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT, 0600); fd >= 0) {
          (void)!::pwrite(fd, text.data(), text.size(), n % 4000);
          ::close(fd);
        }
      }
    }
    base = beforehand(base).folder;
    ::kill(writer, SIGSTOP);
    int status = 0;
    ::waitpid(writer, &status, WUNTRACED);
    const auto now = taken(base);
    for (const auto& [path, text] : now.contents) EXPECT_EQ(text, read(container->root() / path.substr(1))) << path;
    EXPECT_LT(value(now.report.copied), value(now.report.bytes)) << "and the other half was taken over";
    ::kill(writer, SIGKILL);
    ::waitpid(writer, &status, 0);
  }
}

}  // namespace
}  // namespace cutline::files
