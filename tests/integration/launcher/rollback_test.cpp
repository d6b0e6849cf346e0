// The guard over a frozen tree, the exchange of the tree, and a sidecar that comes and goes.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "fixture.hpp"

namespace cutline::launcher {
namespace {

using namespace std::chrono_literals;

struct LauncherRollback : Fixture {
  void run() {
    launch({"/bin/sh", "-c", "trap 'echo stopped; exit 3' TERM; echo ready; while :; do sleep 0.01; done"});
    start();
    await_output("ready");
  }
  // Stands for a tree that the sidecar has restored: a child of this test.
  pid_t restored(const char* script) const {
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    const std::string out = folder / "out";
    (void)::dup2(::open(out.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC), 1);
    (void)::execl("/bin/sh", "sh", "-c", script, nullptr);
    ::_exit(99);
  }
  void kill_held_tree() {
    say(Hold{});
    (void)hear_a<Held>();
    ASSERT_EQ(::kill(keeper, SIGKILL), 0);
    eventually([this] { return !alive(keeper); }, "the old keeper reaped by the launcher");
  }
  // A file that stands for the freezer's state.
  [[nodiscard]] std::string state_file() const { return folder / "freezer.state"; }
  [[nodiscard]] Fd open_state() const { return Fd{::open(state_file().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)}; }
  [[nodiscard]] std::string state() const { return read_file(state_file()).value(); }
};

TEST_F(LauncherRollback, TheGuardThawsWhenItsTimeHasPassed) {
  run();
  const auto fd = open_state();
  say(Guard{100ms, *Word::of("THAWED")}, fd.get());
  (void)hear_a<Guarded>();
  (void)hear_a<Fired>();
  EXPECT_EQ(state(), "THAWED");
}

TEST_F(LauncherRollback, TheGuardThawsWhenTheSidecarIsGone) {
  run();
  const auto fd = open_state();
  say(Guard{3600s, *Word::of("THAWED")}, fd.get());
  (void)hear_a<Guarded>();
  EXPECT_EQ(state(), "");
  hang_up();
  eventually([this] { return state() == "THAWED"; }, "thawed");
}

TEST_F(LauncherRollback, ATreeThatIsFrozenOnceMoreAfterTheSidecarsEndIsThawedAgain) {
  run();
  const auto fd = open_state();
  say(Guard{3600s, *Word::of("THAWED")}, fd.get());
  (void)hear_a<Guarded>();
  hang_up();
  eventually([this] { return state() == "THAWED"; }, "thawed");
  ASSERT_EQ(::pwrite(fd.get(), "FROZEN", 6, 0), 6);
  eventually([this] { return state() == "THAWED"; }, "thawed again");
}

TEST_F(LauncherRollback, AGuardThatIsDisarmedLeavesTheFileAlone) {
  run();
  const auto fd = open_state();
  say(Guard{3600s, *Word::of("THAWED")}, fd.get());
  (void)hear_a<Guarded>();
  say(Unguard{});
  (void)hear_a<Unguarded>();
  hang_up();
  EXPECT_EQ(accept().phase, Phase::Running);
  EXPECT_EQ(state(), "");
}

TEST_F(LauncherRollback, ALostConnectionIsMadeAgainAndTheApplicationGoesOn) {
  run();
  hang_up();
  EXPECT_EQ(accept(), (Hello{*Name::of("db"), keeper, Phase::Running}));
  unlisten();
  hang_up();
  signal(SIGTERM);
  EXPECT_EQ(WEXITSTATUS(ended()), 3);
}

TEST_F(LauncherRollback, TheTreeIsExchangedWithoutAnEndOfTheContainer) {
  run();
  kill_held_tree();
  const pid_t pid = restored("trap 'echo restored got it; exit 5' TERM; echo restored; while :; do sleep 0.01; done");
  say(Adopt{pid});
  await_output("restored\n");
  signal(SIGTERM);
  await_output("restored got it");
  // Not reaped yet, so that only the sidecar can tell how it ended.
  siginfo_t end{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &end, WEXITED | WNOWAIT), 0);
  say(Exit{end.si_status << 8});
  EXPECT_EQ(ended(), 5 << 8);
}

TEST_F(LauncherRollback, ASignalThatComesBetweenKillAndRestoreIsDeliveredAfterwards) {
  run();
  kill_held_tree();
  signal(SIGTERM);
  const pid_t pid = restored("trap 'exit 6' TERM; echo restored; while :; do sleep 0.01; done");
  await_output("restored\n");
  say(Adopt{pid});
  int status = 0;
  eventually([&] { return ::waitpid(pid, &status, WNOHANG) == pid; }, "the restored tree's end");
  EXPECT_EQ(WEXITSTATUS(status), 6);
}

// Whether the process holds a pidfd of the other.
bool watches(pid_t watcher, pid_t pid) {
  for (const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/{}/fdinfo", watcher))) {
    const auto info = read_file(entry.path().string());
    if (info && info->find(fmt::format("\nPid:\t{}\n", pid)) != std::string::npos) return true;
  }
  return false;
}

TEST_F(LauncherRollback, WithoutASidecarTheRestoredTreesEndIsStillTheContainers) {
  run();
  kill_held_tree();
  const pid_t pid = restored("echo restored; exec sleep 1000");
  await_output("restored");
  say(Adopt{pid});
  eventually([&] { return watches(launcher, pid); }, "the launcher to watch the restored tree");
  unlisten();
  hang_up();
  ASSERT_EQ(::kill(pid, SIGUSR2), 0);
  ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
  const int status = ended();
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGUSR2) << "on a kernel before 6.15 this is exit 137: " << errors();
}

TEST_F(LauncherRollback, AnAdoptedTreeIsNamedToASidecarThatComesBack) {
  run();
  kill_held_tree();
  const pid_t pid = restored("exec sleep 1000");
  say(Adopt{pid});
  hang_up();
  EXPECT_EQ(accept(), (Hello{*Name::of("db"), pid, Phase::Adopted}));
}

TEST_F(LauncherRollback, AHoldOutlivesTheSidecar) {
  run();
  kill_held_tree();
  hang_up();
  EXPECT_EQ(accept(), (Hello{*Name::of("db"), keeper, Phase::Holding}));
  say(Unhold{});
  const int status = ended();
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST_F(LauncherRollback, ALineThatIsNoMessageIsPassedOver) {
  run();
  const std::string_view nonsense = "what is this\n";
  ASSERT_TRUE(write_all(connection.get(), nonsense).has_value());
  say(Hold{});
  (void)hear_a<Held>();
  EXPECT_NE(errors().find("not understood from the sidecar: what is this"), std::string::npos);
}

TEST_F(LauncherRollback, AnEndlessLineEndsTheConnectionAndNotTheContainer) {
  run();
  ASSERT_TRUE(write_all(connection.get(), std::string(2000, 'x')).has_value());
  EXPECT_EQ(accept().phase, Phase::Running);
}

}  // namespace
}  // namespace cutline::launcher
