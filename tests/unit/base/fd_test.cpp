#include "base/fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>

namespace cutline {
namespace {

namespace fs = std::filesystem;

struct Files : testing::Test {
  Files() {
    auto pattern = (fs::temp_directory_path() / "cutline-base-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
  }
  ~Files() override { fs::remove_all(folder); }
  [[nodiscard]] std::string path(const std::string& name) const { return (folder / name).string(); }
  fs::path folder;
};

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST_F(Files, AReplacedFileHoldsTheNewContentsAndTheWantedMode) {
  ASSERT_TRUE(replace_file(path("record"), "first", 0640));
  ASSERT_TRUE(replace_file(path("record"), "second", 0640));
  EXPECT_EQ(read_file(path("record")).value(), "second");
  struct stat state{};
  ASSERT_EQ(::stat(path("record").c_str(), &state), 0);
  EXPECT_EQ(state.st_mode & 0777U, 0640U);
}

TEST_F(Files, AReaderThatHasTheOldFileOpenGoesOnReadingTheOldContents) {
  ASSERT_TRUE(replace_file(path("record"), "old"));
  const auto open = open_file(path("record"), O_RDONLY);
  ASSERT_TRUE(replace_file(path("record"), "new"));
  EXPECT_EQ(read_all(open->get(), 100).value(), "old");
}

TEST_F(Files, NothingIsLeftBesideAReplacedFile) {
  ASSERT_TRUE(replace_file(path("record"), "contents"));
  EXPECT_EQ(std::distance(fs::directory_iterator{folder}, fs::directory_iterator{}), 1);
}

TEST_F(Files, WhatAnInterruptedReplacementLeftBehindIsReplacedToo) {
  ASSERT_TRUE(replace_file(path("record.tmp"), "half of a reco"));
  ASSERT_TRUE(replace_file(path("record"), "whole"));
  EXPECT_EQ(read_file(path("record")).value(), "whole");
}

TEST_F(Files, AReplacementThatFailsLeavesTheOldFileWhole) {
  ASSERT_TRUE(replace_file(path("record"), "old"));
  fs::create_directory(path("record.tmp"));  // the temporary file cannot be made
  const auto failed = replace_file(path("record"), "new");
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("record.tmp"), std::string::npos) << failed.error().message;
  EXPECT_EQ(read_file(path("record")).value(), "old");
}

TEST_F(Files, AReplacementInAFolderThatIsNotThereNamesThePath) {
  const auto failed = replace_file(path("none/record"), "contents");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::NotFound);
  EXPECT_NE(failed.error().message.find("none/record"), std::string::npos) << failed.error().message;
}

TEST_F(Files, AFileOfExactlyTheLimitIsReadWhole) {
  ASSERT_TRUE(replace_file(path("file"), std::string(40'000, 'x')));
  EXPECT_EQ(read_file(path("file"), 40'000)->size(), 40'000U);
}

TEST_F(Files, AFileOverTheLimitIsAnErrorAndNotCutShort) {
  ASSERT_TRUE(replace_file(path("file"), std::string(40'001, 'x')));
  const auto failed = read_file(path("file"), 40'000);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::Invalid);
  EXPECT_NE(failed.error().message.find("40000 bytes"), std::string::npos) << failed.error().message;
  EXPECT_NE(failed.error().message.find(path("file")), std::string::npos) << failed.error().message;
}

TEST_F(Files, AnEmptyFileIsReadAsNothing) {
  ASSERT_TRUE(replace_file(path("file"), ""));
  EXPECT_EQ(read_file(path("file"), 0).value(), "");
}

TEST_F(Files, AControlFileIsWrittenButNeverMade) {
  const auto dir = open_file(folder.string(), O_RDONLY | O_DIRECTORY);
  EXPECT_EQ(write_control(dir->get(), "freezer.state", "FROZEN").error().code, Code::NotFound);
  EXPECT_FALSE(fs::exists(path("freezer.state")));
  ASSERT_TRUE(replace_file(path("freezer.state"), "THAWED"));
  ASSERT_TRUE(write_control(dir->get(), "freezer.state", "FROZEN"));
  EXPECT_EQ(read_file(path("freezer.state")).value(), "FROZEN");
}

TEST_F(Files, AWriteToAPipeThatNobodyReadsIsAnError) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Fd write{ends[1]};
  Fd{ends[0]}.reset();
  const auto old = ::signal(SIGPIPE, SIG_IGN);
  const auto failed = write_all(write.get(), "x");
  (void)::signal(SIGPIPE, old);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::Unavailable);
}

TEST(Descriptor, IsClosedWhenItsOwnerGoes) {
  int number = -1;
  {
    const auto fd = open_file("/dev/null", O_RDONLY);
    number = fd->get();
    ASSERT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(Descriptor, HasOneOwnerAfterItHasMoved) {
  auto first = open_file("/dev/null", O_RDONLY);
  const int number = first->get();
  Fd second{std::move(*first)};
  EXPECT_FALSE(*first);
  EXPECT_EQ(second.get(), number);
  second = Fd{};
  EXPECT_FALSE(is_open(number));
}

TEST(Descriptor, ThatIsReleasedStaysOpen) {
  auto fd = open_file("/dev/null", O_RDONLY);
  const int number = fd->release();
  fd->reset();
  EXPECT_TRUE(is_open(number));
  Fd{number}.reset();
}

TEST(Descriptor, DoesNotOutliveExec) {
  const auto fd = open_file("/dev/null", O_RDONLY);
  EXPECT_NE(::fcntl(fd->get(), F_GETFD) & FD_CLOEXEC, 0);
}

}  // namespace
}  // namespace cutline
