// Commands in a container, beside its application: as whom they run, and that nothing of them is left.
#include "sidecar/hooks/hooks.hpp"

#include <gmock/gmock.h>
#include <signal.h>

#include <fstream>
#include <sstream>

#include "sidecar/hooks/run.hpp"
#include "tests/integration/criu/saved.hpp"
#include "tests/integration/rounds/sidecar.hpp"

namespace cutline::test {
namespace {

using namespace std::chrono_literals;
using protocol::Hook;
using protocol::HookOutcome;
using protocol::HooksRun;
using protocol::Reply;
using testing::HasSubstr;

Hook shell(const std::string& script, Millis timeout = 10s) { return {"app", {"sh", "-c", script}, timeout}; }

std::string file_of(const Container& container, const std::string& name) {
  std::ostringstream out;
  out << std::ifstream{container.data() + "/" + name}.rdbuf();
  return out.str();
}

struct AHook : testing::Test {
  Container app = Saving::running({.system_folders = true, .environment = {"GREETING=good day"}});
  BoxLaunchers launchers{{&app}};

  HookOutcome run(const Hook& hook) const { return hooks::run(app.launcher(), hook, {}); }
};

TEST_F(AHook, RunsWhereItsContainerIs) {
  const auto outcome = run(shell("echo $GREETING >/data/greeting; readlink /proc/self/root; pwd"));
  EXPECT_EQ(outcome.failure, "");
  EXPECT_EQ(file_of(app, "greeting"), "good day\n");
  EXPECT_GT(outcome.took, Micros{0});
}

TEST_F(AHook, SaysHowItEndedAndWhatItSaidLast) {
  const auto outcome = run(shell("seq 100000; echo cannot flush >&2; exit 3"));
  EXPECT_EQ(outcome.failure, "exited with status 3");
  EXPECT_THAT(outcome.said, testing::EndsWith("99999\n100000\ncannot flush"));
  EXPECT_LE(outcome.said.size(), hooks::kTail);
  EXPECT_THAT(run(shell("kill -TERM $$")).failure, HasSubstr("killed by signal 15"));
}

TEST_F(AHook, ThatDoesNotEndIsKilled) {
  const auto start = std::chrono::steady_clock::now();
  const auto outcome = run(shell("echo $$ >/data/pid; trap '' TERM; while :; do echo and on; done", 300ms));
  EXPECT_EQ(outcome.failure, "did not end within 300 ms and was killed");
  EXPECT_THAT(outcome.said, HasSubstr("and on"));
  EXPECT_LE(outcome.said.size(), hooks::kTail) << "however much it says";
  EXPECT_LT(std::chrono::steady_clock::now() - start, 20s);
  EXPECT_EQ(::kill(std::stoi(file_of(app, "pid")), 0), -1);
}

TEST_F(AHook, LeavesNothingInTheBackground) {
  const auto outcome =
      run(shell("setsid sh -c 'echo $$ >/data/daemon; exec sleep 600' & while ! [ -s /data/daemon ]; do :; done"));
  EXPECT_EQ(outcome.failure, "");
  const auto daemon = std::stoi(file_of(app, "daemon"));
  EXPECT_EQ(::kill(daemon, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST_F(AHook, IsNeverInTheTreeThatIsSaved) {
  ASSERT_EQ(run(shell("cat /proc/self/cgroup >/data/cgroup; echo $PPID >/data/parent")).failure, "");
  EXPECT_THAT(file_of(app, "cgroup"), HasSubstr("cutline-hook"));
  EXPECT_THAT(file_of(app, "cgroup"), testing::Not(HasSubstr("/cutline\n")));
  EXPECT_EQ(std::stoi(file_of(app, "parent")), ::getpid());
}

TEST_F(AHook, ThatIsNoProgramSaysSo) {
  EXPECT_EQ(run({"app", {"flush-everything"}}).failure, "there is no such program on the container's PATH");
  EXPECT_THAT(run({"app", {"/no/such/program"}}).failure, HasSubstr("No such file"));
}

TEST(AHookOfAContainerWithoutRights, HasNoneEither) {
  const Container app = Saving::running({.uid = 1000, .gid = 1001, .no_capabilities = true, .system_folders = true});
  const auto outcome = hooks::run(app.launcher(),
                                  {"app",
                                   {"sh", "-c",
                                    "echo $(id -u) $(id -g) $(id -G); grep -E 'Cap(Eff|Bnd)|NoNewPrivs' "
                                    "/proc/self/status; echo said >/proc/self/fd/1"}},
                                  {});
  EXPECT_EQ(outcome.failure, "") << outcome.said;
  EXPECT_THAT(outcome.said, testing::StartsWith("1000 1001 1001\n"));
  EXPECT_THAT(outcome.said, HasSubstr("CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nsaid"));
}

// ---- a list of them -------------------------------------------------------------------------------------------------

struct Runs : AHook {
  sidecar::Hooks hooks{launchers};

  HooksRun ended(const protocol::RunHooks& command) {
    for (const auto deadline = Deadline::after(30s); !deadline.passed();) {
      const auto reply = hooks.ask(command);
      if (const auto* run = std::get_if<HooksRun>(&reply)) return *run;
      if (const auto* refused = std::get_if<protocol::Refused>(&reply)) throw std::runtime_error(refused->why.message);
      std::this_thread::yield();
    }
    throw std::runtime_error("the hooks did not end");
  }
};

TEST_F(Runs, AreDoneOnceForOneKeyHoweverOftenTheyAreAskedFor) {
  const protocol::RunHooks command{"s1/1", {shell("echo once >>/data/runs")}};
  (void)ended(command);
  const auto again = hooks.ask(command);
  ASSERT_TRUE(std::holds_alternative<HooksRun>(again)) << "the answer is remembered";
  EXPECT_EQ(file_of(app, "runs"), "once\n");
  (void)ended({"s1/2", command.hooks});
  EXPECT_EQ(file_of(app, "runs"), "once\nonce\n");
}

TEST_F(Runs, KeepTheirOrderAndEndWithTheFirstFailure) {
  const auto run = ended(
      {"s1/1", {shell("echo a >>/data/runs"), shell("echo b >>/data/runs; exit 1"), shell("echo c >>/data/runs")}});
  EXPECT_EQ(file_of(app, "runs"), "a\nb\n");
  ASSERT_EQ(run.outcomes.size(), 2U);
  EXPECT_EQ(run.outcomes[1].hook, 1U);
  EXPECT_EQ(run.outcomes[1].failure, "exited with status 1");
}

TEST_F(Runs, GoOnAfterAFailureThatIsToBeIgnored) {
  auto fails = shell("exit 1");
  fails.may_fail = true;
  EXPECT_EQ(ended({"s1/1", {fails, shell("echo c >>/data/runs")}}).outcomes.size(), 2U);
  EXPECT_EQ(file_of(app, "runs"), "c\n");
}

TEST_F(Runs, LeaveOutWhatIsOfAnotherPodsContainer) {
  const auto run = ended({"s1/1", {{"web", {"true"}}, shell("true")}});
  ASSERT_EQ(run.outcomes.size(), 2U);
  EXPECT_FALSE(run.outcomes[0].ran);
  EXPECT_EQ(run.outcomes[0].failure, "");
  EXPECT_TRUE(run.outcomes[1].ran);
}

TEST_F(Runs, DoNotBeginBesideEachOther) {
  ASSERT_TRUE(std::holds_alternative<protocol::HooksRunning>(hooks.ask({"s1/1", {shell("sleep 600", 600s)}})));
  EXPECT_TRUE(hooks.running());
  const auto other = hooks.ask({"s2/1", {shell("true")}});
  ASSERT_TRUE(std::holds_alternative<protocol::Refused>(other));
  EXPECT_EQ(std::get<protocol::Refused>(other).why.code, Code::Busy);
}  // and the end of the sidecar is the hook's end

}  // namespace
}  // namespace cutline::test
