// Real pods of the ledger on loopback addresses, each a process with a book in a temporary folder, and the real
// commands.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "base/deadline.hpp"
#include "base/fd.hpp"

namespace cutline::ledger {

struct Outcome {
  int code = -1;
  std::string output;
};

struct Ledger : testing::Test {
  explicit Ledger(int pods_at_all = 3) : count(pods_at_all) {
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
  [[nodiscard]] std::string all() const {
    std::string out;
    for (int i = 0; i < count; ++i) out += address(i) + ",";
    return out;
  }

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
    std::string peers;
    for (int i = 0; i < count; ++i) peers += address(i) + ":7400,";
    environment.push_back("LEDGER_PEERS=" + peers);
    environment.push_back(fmt::format("LEDGER_LISTEN={}:7400", address(index)));
    environment.push_back(fmt::format("LEDGER_STATUS={}:7401", address(index)));
    environment.push_back(fmt::format("LEDGER_FILE={}", (folder / std::to_string(index)).string()));
    environment.emplace_back("LEDGER_BALLAST_MB=1");
    auto log = open_file(folder / fmt::format("log-{}", index), O_WRONLY | O_CREAT | O_APPEND, 0600);
    pods[index] = spawn({LEDGER}, environment, log->get());
  }
  void start_all(const std::vector<std::string>& environment = {}) {
    for (int i = 0; i < count; ++i) start(i, environment);
    eventually([this] { return audit().output.find("audit: ok") != std::string::npos; }, "a first good audit");
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
  [[nodiscard]] Outcome audit(const std::vector<std::string>& options = {}) const {
    std::vector<std::string> words{"audit", "--pods", all()};
    words.insert(words.end(), options.begin(), options.end());
    return run(words);
  }

  [[nodiscard]] static nlohmann::json state(int pod) {
    return nlohmann::json::parse(run({"state", "--pods", address(pod)}).output);
  }
  // Transfers, of all pods, since they began.
  [[nodiscard]] std::uint64_t sent_in_all() const {
    std::uint64_t out = 0;
    for (int i = 0; i < count; ++i) {
      const auto now = state(i);
      for (const auto& [peer, books] : now.at("peers").items())
        out += books.at("sent").at("count").get<std::uint64_t>();
    }
    return out;
  }

  static void eventually(const std::function<bool()>& condition, std::string_view what) {
    const auto deadline = Deadline::after(std::chrono::seconds{60});
    while (!condition()) {
      if (deadline.passed()) throw std::runtime_error(fmt::format("never came true: {}", what));
      (void)::poll(nullptr, 0, 20);
    }
  }
  // The switch takes effect with the pod's next transfer: until the audit says so.
  void expect_failure(const std::string& command, const std::string& reason) const {
    ASSERT_EQ(run({command, "--pods", address(1)}).code, 0);
    Outcome outcome;
    eventually([&] { return (outcome = audit()).code == 1; }, "a failed audit");
    EXPECT_NE(outcome.output.find("audit: FAILED"), std::string::npos) << outcome.output;
    EXPECT_NE(outcome.output.find(reason), std::string::npos) << outcome.output;
  }

  int count = 3;
  std::filesystem::path folder;
  std::map<int, pid_t> pods;
};

}  // namespace cutline::ledger
