// Three real pods of the ledger on loopback addresses, and the real auditor.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/deadline.hpp"
#include "base/fd.hpp"

namespace {

using namespace cutline;
using namespace std::chrono_literals;

struct Outcome {
  int code = -1;
  std::string output;
};

struct Ledger : testing::Test {
  Ledger() {
    std::string name = (std::filesystem::temp_directory_path() / "ledger-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder = name;
  }
  ~Ledger() override {
    for (const auto& [index, pid] : pods) stop(pid);
    std::filesystem::remove_all(folder);
  }

  // An address of this test process alone: all of 127.0.0.0/8 is loopback.
  static std::string address(int index) {
    const auto pid = static_cast<unsigned>(::getpid());
    return fmt::format("127.{}.{}.{}", 16 + (pid >> 8U) % 128, pid % 256, index + 1);
  }
  static std::string all() { return address(0) + "," + address(1) + "," + address(2); }

  static pid_t spawn(std::vector<std::string> words, std::vector<std::string> environment, int output) {
    std::vector<char*> argv, envp;
    for (auto& word : words) argv.push_back(word.data());
    for (auto& entry : environment) envp.push_back(entry.data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    (void)::dup2(output, 1);
    (void)::dup2(output, 2);
    (void)::execve(argv[0], argv.data(), envp.data());
    ::_exit(99);
  }
  static void stop(pid_t pid) {
    (void)::kill(pid, SIGKILL);
    (void)::waitpid(pid, nullptr, 0);
  }

  void start(int index, std::vector<std::string> environment = {}) {
    environment.push_back(fmt::format("LEDGER_SELF={}", index));
    environment.push_back(fmt::format("LEDGER_PEERS={}:7400,{}:7400,{}:7400", address(0), address(1), address(2)));
    environment.push_back(fmt::format("LEDGER_LISTEN={}:7400", address(index)));
    environment.push_back(fmt::format("LEDGER_STATUS={}:7401", address(index)));
    environment.push_back(fmt::format("LEDGER_FILE={}", (folder / std::to_string(index)).string()));
    environment.emplace_back("LEDGER_BALLAST_MB=1");
    auto log = open_file(folder / fmt::format("log-{}", index), O_WRONLY | O_CREAT | O_APPEND, 0600);
    pods[index] = spawn({LEDGER}, environment, log->get());
  }
  void start_all(const std::vector<std::string>& environment = {}) {
    for (int i = 0; i < 3; ++i) start(i, environment);
    eventually([this] { return run({"audit", "--pods", all()}).output.find("audit: ok") != std::string::npos; },
               "a first good audit");
  }

  static Outcome run(const std::vector<std::string>& arguments) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    Fd in{ends[0]}, out{ends[1]};
    std::vector<std::string> words{LEDGER};
    words.insert(words.end(), arguments.begin(), arguments.end());
    const pid_t pid = spawn(words, {}, out.get());
    out = Fd{};
    Outcome outcome{-1, read_all(in.get(), 1U << 20U).value()};
    int status = 0;
    if (::waitpid(pid, &status, 0) == pid) outcome.code = WEXITSTATUS(status);
    return outcome;
  }
  static Outcome audit() { return run({"audit", "--pods", all()}); }

  static void eventually(const std::function<bool()>& condition, std::string_view what) {
    const auto deadline = Deadline::after(60s);
    while (!condition()) {
      if (deadline.passed()) throw std::runtime_error(fmt::format("never came true: {}", what));
      (void)::poll(nullptr, 0, 20);
    }
  }
  // The switch takes effect with the pod's next transfer: until the audit says so.
  static void expect_failure(const std::string& command, const std::string& reason) {
    ASSERT_EQ(run({command, "--pods", address(1)}).code, 0);
    Outcome outcome;
    eventually([&] { return (outcome = audit()).code == 1; }, "a failed audit");
    EXPECT_NE(outcome.output.find("audit: FAILED"), std::string::npos) << outcome.output;
    EXPECT_NE(outcome.output.find(reason), std::string::npos) << outcome.output;
  }

  std::filesystem::path folder;
  std::map<int, pid_t> pods;
};

TEST_F(Ledger, MoneyMovesAndTheAuditIsExact) {
  start_all();
  eventually(
      [] { return run({"audit", "--pods", all(), "--json"}).output.find("\"transfers\":0}") == std::string::npos; },
      "a transfer");
  const auto first = audit();
  EXPECT_EQ(first.code, 0) << first.output;
  EXPECT_NE(first.output.find("3 pods, 3 connections"), std::string::npos) << first.output;
  EXPECT_NE(first.output.find("total 3000000 unchanged"), std::string::npos) << first.output;
}

TEST_F(Ledger, ALostTransferIsFound) {
  start_all();
  expect_failure("lose-one", "1 numbers missing");
}

TEST_F(Ledger, ARepeatedTransferIsFound) {
  start_all();
  expect_failure("repeat-one", "1 numbers repeated");
}

TEST_F(Ledger, AChangedBalanceIsFound) {
  start_all();
  expect_failure("corrupt", "the total is 4000000, it was 3000000");
}

TEST_F(Ledger, AChangedFileIsFound) {
  start_all();
  auto file = open_file(folder / "1", O_WRONLY);
  ASSERT_EQ(::pwrite(file->get(), "damage", 6, 64), 6);
  const auto outcome = audit();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.output.find("1: file: 1 damaged records"), std::string::npos) << outcome.output;
}

TEST_F(Ledger, OnlyPairsOfTheGraphTalk) {
  start_all({"LEDGER_GRAPH=0-1,1-2"});
  const auto outcome = audit();
  EXPECT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_NE(outcome.output.find("2 connections"), std::string::npos) << outcome.output;
}

TEST_F(Ledger, APodThatStartsAgainConnectsAgainButTheLossIsNotForgotten) {
  start_all();
  stop(pods[1]);
  start(1);
  Outcome outcome;
  eventually([&] { return (outcome = audit()).code == 1; }, "an audit that reaches all");
  EXPECT_NE(outcome.output.find("0: lost the connection with 1 1 times"), std::string::npos) << outcome.output;
}

TEST_F(Ledger, APodThatCannotBeAskedIsNoGoodAudit) {
  start_all();
  stop(pods[2]);
  pods.erase(2);
  EXPECT_EQ(audit().code, 2);
}

TEST_F(Ledger, AUselessEnvironmentIsExplained) {
  const auto outcome = run({});
  EXPECT_EQ(outcome.code, 64);
  EXPECT_NE(outcome.output.find("LEDGER_"), std::string::npos) << outcome.output;
}

}  // namespace
