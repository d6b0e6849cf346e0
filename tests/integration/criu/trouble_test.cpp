// What cannot be done is refused with a sentence that helps, and does no harm.
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "tests/integration/criu/saved.hpp"

namespace cutline::test {
namespace {

using testing::Test;

struct Trouble : Saving {
  void expect_unharmed(Container& app, const std::string& word = "count") const {
    must(app.freezer().thaw());
    const auto before = app.out().text().size();
    const auto last = numbers_of(app.out().text(), word).back();
    EXPECT_EQ(must(next_numbers(app, before, word)).front(), last + 1);
  }
};

TEST_F(Trouble, AnIoUringIsRefusedWithItsRemedyAndTheApplicationGoesOn) {
  auto app = running({.command = {"/workload", "io_uring"}, .seccomp = false});
  const auto saved = save(runner, app);
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, Code::Unsupported);
  EXPECT_NE(saved.error().message.find("io_uring"), std::string::npos) << saved.error().message;
  expect_unharmed(app);
}

TEST_F(Trouble, ADumpThatTakesTooLongGivesUpAndTheApplicationGoesOn) {
  auto app = running({.command = {"/workload", "memory", "256"}});
  const auto tree = must(app.freezer().tids());
  bool was_late = false;
  for (int budget = 1; budget < 120; budget += 7) {
    must(app.freezer().freeze(soon()));
    const auto deadline = Deadline::after(Millis{budget});
    const auto images = new_folder(fmt::format("images-{}", budget));
    const auto report = runner.dump({app.keeper(), app.launcher(), images, app.freezer()}, deadline);
    const auto overrun = std::chrono::steady_clock::now() - deadline.instant();
    EXPECT_TRUE(must(app.freezer().frozen())) << budget;
    if (!report) {
      was_late = true;
      EXPECT_EQ(report.error().code, Code::Timeout) << report.error().message;
      EXPECT_LT(overrun, Millis{1500}) << budget;
    }
    expect_unharmed(app);
    EXPECT_EQ(must(app.freezer().tids()), tree);
  }
  EXPECT_TRUE(was_late);
  must(save(runner, app));
}

bool exists(const std::string& file) { return std::filesystem::exists(file); }

// Killed while CRIU writes pages; true if CRIU had not written all by then.
bool kill_in_the_middle(const std::function<void()>& dump, const std::string& images) {
  const pid_t sidecar = ::fork();
  if (sidecar == 0) {
    dump();
    ::_exit(0);
  }
  const auto deadline = soon();
  std::error_code error;
  while (std::filesystem::file_size(images + "/pages-1.img", error) == 0 || error) {
    if (deadline.passed()) throw std::runtime_error("CRIU does not begin");
  }
  (void)::kill(sidecar, SIGKILL);
  (void)::waitpid(sidecar, nullptr, 0);
  return !exists(images + "/stats-dump");
}

bool traced(pid_t pid) {
  return must(read_file(fmt::format("/proc/{}/status", pid))).find("\nTracerPid:\t0\n") == std::string::npos;
}

TEST_F(Trouble, ADumpWhoseSidecarIsKilledGivesUpAndTheApplicationGoesOn) {
  auto app = running({.command = {"/workload", "memory", "512"}});
  bool in_the_middle = false;
  for (int tries = 0; tries < 10 && !in_the_middle; ++tries) {
    must(app.freezer().freeze(soon()));
    const auto images = new_folder(fmt::format("images-killed-{}", tries));
    in_the_middle = kill_in_the_middle(
        [&] { (void)!runner.dump({app.keeper(), app.launcher(), images, app.freezer()}, soon()); }, images);
    const auto deadline = soon();
    while (traced(app.keeper())) ASSERT_FALSE(deadline.passed());
    EXPECT_FALSE(in_the_middle && exists(images + "/stats-dump")) << "it went on to the end";
    expect_unharmed(app);
  }
  EXPECT_TRUE(in_the_middle);
}

TEST_F(Trouble, AProcessThatTookANumberOfTheCheckpointIsNamed) {
  auto app = running({});
  const auto saved = must(save(runner, app));
  const auto before = must(end_tree(app));
  const pid_t number = saved.report.record.numbers.front();
  struct {
    std::uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size,
        cgroup;
  } how{.exit_signal = SIGCHLD, .set_tid = reinterpret_cast<std::uint64_t>(&number), .set_tid_size = 1};
  const auto thief = static_cast<pid_t>(::syscall(SYS_clone3, &how, sizeof how));
  if (thief == 0) {
    for (;;) ::pause();
  }
  ASSERT_EQ(thief, number);
  const auto refused = put_back(runner, app, saved.images);
  (void)::kill(thief, SIGKILL);
  (void)::waitpid(thief, nullptr, 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Conflict);
  EXPECT_NE(
      refused.error().message.find(fmt::format("number {} of the checkpoint is taken by criu_integratio", number)),
      std::string::npos)
      << refused.error().message;

  must(put_back(runner, app, saved.images));  // and once it is gone
  EXPECT_EQ(must(next_numbers(app, before)).front(), saved.last() + 1);
}

TEST_F(Trouble, NumbersOfTheImagesAreNotGivenToOthersAfterARestart) {
  auto app = running({});
  const auto saved = must(save(runner, app));
  must(end_tree(app));
  must(put_back(runner, app, saved.images));
  const pid_t next = ::fork();
  if (next == 0) ::_exit(0);
  (void)::waitpid(next, nullptr, 0);
  EXPECT_GT(next, saved.report.record.numbers.back());
}

TEST_F(Trouble, AFailedRestoreLeavesNothingAndCanBeTriedAgain) {
  auto app = running({.command = {"/workload", "count-to-file"}});
  const auto saved = must(save(runner, app));
  const auto before = must(end_tree(app));
  std::filesystem::rename(saved.images + "/pages-1.img", saved.images + "/away");
  const auto failed = put_back(runner, app, saved.images);
  ASSERT_FALSE(failed);
  EXPECT_TRUE(must(app.freezer().pids()).empty());
  std::filesystem::rename(saved.images + "/away", saved.images + "/pages-1.img");
  must(put_back(runner, app, saved.images));
  must(next_numbers(app, before));
}

TEST_F(Trouble, ARestoreThatTakesTooLongLeavesNothing) {
  auto app = running({.command = {"/workload", "memory", "256"}});
  const auto saved = must(save(runner, app));
  const auto before = must(end_tree(app));
  for (const Millis budget : {Millis{1}, Millis{10}, Millis{25}}) {
    const auto late = runner.restore({app.launcher(), saved.images, {}, app.freezer()}, Deadline::after(budget));
    ASSERT_FALSE(late) << budget.count();
    EXPECT_EQ(late.error().code, Code::Timeout) << late.error().message;
    EXPECT_TRUE(must(app.freezer().pids()).empty());
  }
  must(put_back(runner, app, saved.images));
  EXPECT_EQ(must(next_numbers(app, before)).front(), saved.last() + 1);
}

// The application owns its file system; CRIU runs in it with the sidecar's rights.
TEST_F(Trouble, WhatTheContainersFilesSayIsNotBelieved) {
  auto app = running({});
  const auto root = fmt::format("/proc/{}/root", app.launcher());
  for (const auto* folder : {"/etc/criu", "/root/.criu"}) std::filesystem::create_directories(root + folder);
  must(replace_file(root + "/etc/ld.so.preload", "/data/evil.so\n"));
  must(replace_file(root + "/etc/criu/default.conf", "no-such-option-at-all\n"));
  must(replace_file(root + "/run/criu.kdat", std::string(4096, 'x')));
  const auto saved = must(save(runner, app));
  const auto before = must(end_tree(app));
  must(put_back(runner, app, saved.images));
  EXPECT_EQ(must(next_numbers(app, before)).front(), saved.last() + 1);
  EXPECT_EQ(must(read_file(root + "/run/criu.kdat")), std::string(4096, 'x'));
}

}  // namespace
}  // namespace cutline::test
