// ledger                       a pod of the workload; its environment says how (config.hpp)
// ledger audit [--pods HOST[:PORT],...] [--json]
//                              pauses all, reads all, judges, resumes. Exit 0: ok, 1: failed, 2: could not be asked
// ledger state|pause|resume|corrupt|lose-one|repeat-one [--pods HOST[:PORT],...]
//                              each pod's state as JSON afterwards. Without --pods: 127.0.0.1:7401
// ledger kill                  kill -9 of the other ledgers that this process sees
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "e2e/workloads/ledger/auditor.hpp"
#include "e2e/workloads/ledger/kill.hpp"
#include "e2e/workloads/ledger/node.hpp"

namespace {

using namespace cutline;
using namespace cutline::ledger;

constexpr std::uint16_t status_port = 7401;
constexpr int exit_failed = 1, exit_not_asked = 2, exit_usage = 64;
constexpr Millis longest_audit{60'000}, longest_ask{10'000};

struct Arguments {
  std::string command;
  std::vector<Endpoint> pods;
  bool json = false;
};

Result<Arguments> arguments_of(int argc, char** argv) {
  Arguments out{argv[1], {}, false};
  std::string pods = "127.0.0.1";
  for (int i = 2; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--json")
      out.json = true;
    else if (word == "--pods" && i + 1 < argc)
      pods = argv[++i];
    else
      return fail(Code::Invalid, "'{}' is not understood", word);
  }
  const auto names = expand(pods);
  if (!names) return tl::unexpected(names.error());
  for (const auto& name : *names) {
    auto endpoint = endpoint_of(name, status_port);
    if (!endpoint) return tl::unexpected(endpoint.error());
    out.pods.push_back(*endpoint);
  }
  return out;
}

int failed(const Error& error, int code) {
  fmt::print(stderr, "ledger: {}\n", error.message);
  return code;
}

int run_audit(const Arguments& arguments) {
  const auto result = audit_pods(arguments.pods, Deadline::after(longest_audit));
  if (!result) return failed(result.error(), exit_not_asked);
  if (arguments.json)
    fmt::print("{}\n", to_json(result->audit).dump());
  else
    fmt::print("{}", table(result->reports, result->audit));
  return result->audit.ok() ? 0 : exit_failed;
}

int run_switch(const Arguments& arguments) {
  for (const auto& pod : arguments.pods) {
    const auto report = ask(pod, "/" + arguments.command, Deadline::after(longest_ask));
    if (!report) return failed(report.error(), exit_not_asked);
    fmt::print("{}\n", to_json(*report).dump());
  }
  return 0;
}

int run_kill() {
  const auto killed = kill_others();
  if (!killed) return failed(killed.error(), exit_failed);
  fmt::print("killed {}\n", *killed);
  return 0;
}

int run_node() {
  std::array<char, 256> host{};
  (void)::gethostname(host.data(), host.size() - 1);
  const auto environment = [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
  };
  const auto config = configure(environment, host.data());
  if (!config) return failed(config.error(), exit_usage);
  auto node = Node::open(*config);
  if (!node) return failed(node.error(), exit_failed);
  const auto ended = node->run();
  return failed(ended.error(), exit_failed);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return run_node();
  if (std::string_view{argv[1]} == "kill") return run_kill();
  const auto arguments = arguments_of(argc, argv);
  if (!arguments) return failed(arguments.error(), exit_usage);
  return arguments->command == "audit" ? run_audit(*arguments) : run_switch(*arguments);
}
