// From the container's start to the application's end.
#include <sys/wait.h>

#include <csignal>
#include <fstream>

#include "fixture.hpp"

namespace cutline::launcher {
namespace {

struct LauncherLife : Fixture {};

TEST_F(LauncherLife, NothingRunsBeforeTheSidecarSaysGo) {
  launch({"/bin/sh", "-c", "echo ran"});
  EXPECT_EQ(accept(), (Hello{*Name::of("db"), 0, Phase::Starting}));
  say(Start{});
  const auto pid = hear_a<KeeperForked>().pid;
  EXPECT_EQ(parent_of(pid), launcher);
  EXPECT_EQ(output(), "");
  say(Go{});
  EXPECT_EQ(ended(), 0);
  EXPECT_EQ(output(), "ran\n");
}

TEST_F(LauncherLife, ASidecarThatComesLateIsWaitedFor) {
  launch({"/bin/true"});
  eventually([this] { return alive(launcher); }, "the launcher's start");
  start();
  EXPECT_EQ(ended(), 0);
}

TEST_F(LauncherLife, TheExitCodeIsTheApplications) {
  launch({"/bin/sh", "-c", "exit 42"});
  start();
  const int status = ended();
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 42);
}

TEST_F(LauncherLife, AnApplicationEndedByASignalEndsTheLauncherByTheSameSignal) {
  launch({"/bin/sh", "-c", "kill -SEGV $$"});
  start();
  const int status = ended();
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGSEGV);
}

TEST_F(LauncherLife, EveryForwardableSignalReachesTheApplication) {
  launch({"/bin/bash", "-c",
          "for s in HUP INT QUIT USR1 USR2 TERM WINCH ALRM PIPE RTMIN+3; do trap \"echo got $s\" $s; done; echo ready; "
          "while :; do read -t 0.01 <> <(:); done"});
  start();
  await_output("ready");
  for (const auto& [number, name] : std::map<int, std::string>{{SIGHUP, "HUP"},
                                                               {SIGINT, "INT"},
                                                               {SIGQUIT, "QUIT"},
                                                               {SIGUSR1, "USR1"},
                                                               {SIGUSR2, "USR2"},
                                                               {SIGTERM, "TERM"},
                                                               {SIGWINCH, "WINCH"},
                                                               {SIGALRM, "ALRM"},
                                                               {SIGPIPE, "PIPE"},
                                                               {SIGRTMIN + 3, "RTMIN+3"}}) {
    signal(number);
    await_output("got " + name + "\n");
  }
}

TEST_F(LauncherLife, ASignalThatTheApplicationDoesNotCatchEndsBoth) {
  launch({"/bin/sleep", "1000"});
  start();
  eventually(
      [this] {
        std::ifstream children{fmt::format("/proc/{}/task/{}/children", keeper, keeper)};
        pid_t one = 0;
        std::string name;
        return (children >> one) && std::getline(std::ifstream{fmt::format("/proc/{}/comm", one)}, name) &&
               name == "sleep";
      },
      "the application");
  signal(SIGTERM);
  const int status = ended();
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
}

TEST_F(LauncherLife, WhatTheApplicationSendsToItsOwnGroupComesOnce) {
  launch({"/bin/sh", "-c", "trap 'echo got' USR1; kill -USR1 0; echo end"});
  start();
  EXPECT_EQ(ended(), 0);
  EXPECT_EQ(output(), "got\nend\n");
}

TEST_F(LauncherLife, ACommandThatIsNotThereIs127AndSaysSo) {
  launch({"no-such-command"});
  start();
  EXPECT_EQ(WEXITSTATUS(ended()), 127);
  EXPECT_NE(errors().find("no-such-command: not found"), std::string::npos) << errors();
}

TEST_F(LauncherLife, ACommandThatCannotBeExecutedIs126AndSaysSo) {
  launch({"/etc/passwd"});
  start();
  EXPECT_EQ(WEXITSTATUS(ended()), 126);
  EXPECT_NE(errors().find("cannot be executed: Permission denied"), std::string::npos) << errors();
}

TEST_F(LauncherLife, ACommandIsFoundByPathAndGetsItsArgumentsAsTheyAre) {
  launch({"printf", "%s|%s", "a b", ""});
  start();
  EXPECT_EQ(ended(), 0);
  EXPECT_EQ(output(), "a b|");
}

TEST_F(LauncherLife, CalledWithoutACommandItSaysHowToCallIt) {
  launch({});
  EXPECT_EQ(WEXITSTATUS(ended()), 64);
  EXPECT_NE(errors().find("usage:"), std::string::npos);
}

TEST_F(LauncherLife, TheKeeperIsASessionsLeaderAndHoldsNothingButStandardInputAndOutput) {
  launch({"/bin/sh", "-c", "echo ready; exec sleep 1000"});
  start();
  await_output("ready");
  const auto descriptors = [this] {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator{fmt::format("/proc/{}/fd", keeper)})
      names.insert(entry.path().filename());
    return names;
  };
  eventually([&] { return descriptors() == std::set<std::string>{"0", "1", "2"}; }, "descriptors 0, 1 and 2 alone");
  EXPECT_EQ(::getsid(keeper), keeper);
}

TEST_F(LauncherLife, ADaemonIsAdoptedAndReapedByTheKeeper) {
  launch({PROBE, "daemon", (folder / "pid").string()});
  start();
  pid_t daemon = 0;
  eventually([&] { return static_cast<bool>(std::ifstream{folder / "pid"} >> daemon); }, "the daemon's pid");
  eventually([&] { return parent_of(daemon) == keeper; }, "the keeper as the daemon's parent");
  ASSERT_EQ(::kill(daemon, SIGKILL), 0);
  eventually([&] { return !alive(daemon); }, "the daemon reaped");
}

TEST_F(LauncherLife, IoUringAndMptcpAreRefusedSoThatProgramsFallBack) {
  launch({PROBE, "refused"});
  start();
  EXPECT_EQ(ended(), 0) << output();
}

TEST_F(LauncherLife, TheFilterCanBeSwitchedOff) {
  launch({"/bin/grep", "Seccomp_filters:", "/proc/self/status"}, {"CUTLINE_SECCOMP=off"});
  start();
  EXPECT_EQ(ended(), 0);
  std::ifstream own{"/proc/self/status"};
  std::string line;
  while (std::getline(own, line) && !line.starts_with("Seccomp_filters:")) {
  }
  EXPECT_EQ(output(), line + "\n");
}

TEST_F(LauncherLife, TheApplicationHasTheSignalMaskThatTheContainerHad) {
  launch({"/bin/grep", "SigBlk:", "/proc/self/status"});
  start();
  EXPECT_EQ(ended(), 0);
  EXPECT_EQ(output(), "SigBlk:\t0000000000000000\n");
}

}  // namespace
}  // namespace cutline::launcher
