// ledger                       a pod of the workload; its environment says how (config.hpp)
// ledger audit [--within SECONDS] [--json]
//                              pauses all, reads all, judges, resumes. Exit 0: ok, 1: failed, 2: could not be asked.
//                              --within: how long they may take to come to rest, and to answer at all
// ledger state|pause|resume|corrupt|lose-one|repeat-one
//                              each pod's state as JSON afterwards
// ledger graph EDGES [--after MS [--spread MS]]
//                              who sends to whom from now on (graph.hpp), or in a while; each pod that much later
// ledger mark                  counts what is sent from here on
// ledger talk                  what was sent since the mark, as lines: FROM TO TRANSFERS BYTES
// ledger kill                  kill -9 of the other ledgers that this process sees
// All but kill take --pods HOST[:PORT],... Without: 127.0.0.1:7401
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <charconv>
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
  std::string graph;
  std::vector<Endpoint> pods;
  bool json = false;
  std::optional<Millis> within, after;
  Millis spread{0};
};

Result<Millis> time_of(std::string_view text, unsigned unit) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > 3'600'000)
    return fail(Code::Invalid, "'{}' is no time", text);
  return Millis{std::uint64_t{value} * unit};
}

Status take_option(Arguments& out, std::string& pods, std::string_view name, const char* value) {
  if (name == "--pods") {
    pods = value;
    return {};
  }
  const auto time = time_of(value, name == "--within" ? 1000 : 1);
  if (!time) return tl::unexpected(time.error());
  if (name == "--within")
    out.within = *time;
  else if (name == "--after")
    out.after = *time;
  else if (name == "--spread")
    out.spread = *time;
  else
    return fail(Code::Invalid, "'{}' is not understood", name);
  return {};
}

Result<Arguments> arguments_of(int argc, char** argv) {
  Arguments out;
  out.command = argv[1];
  std::string pods = "127.0.0.1";
  for (int i = 2; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--json") {
      out.json = true;
    } else if (word.starts_with("--") && i + 1 < argc) {
      if (auto taken = take_option(out, pods, word, argv[++i]); !taken) return tl::unexpected(taken.error());
    } else if (out.command == "graph" && out.graph.empty()) {
      out.graph = word;
    } else {
      return fail(Code::Invalid, "'{}' is not understood", word);
    }
  }
  if (out.command == "graph" && out.graph.empty()) return fail(Code::Invalid, "graph wants edges, all or none");
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
  const auto deadline = Deadline::after(longest_audit + arguments.within.value_or(Millis{0}));
  const auto result = audit_pods(arguments.pods, deadline, arguments.within);
  if (!result) return failed(result.error(), exit_not_asked);
  if (arguments.json)
    fmt::print("{}\n", to_json(result->audit).dump());
  else
    fmt::print("{}", table(result->reports, result->audit));
  return result->audit.ok() ? 0 : exit_failed;
}

int run_switch(const Arguments& arguments) {
  auto after = arguments.after;
  for (const auto& pod : arguments.pods) {
    auto path = "/" + arguments.command;
    if (arguments.command == "graph") path += "?" + arguments.graph;
    if (after) path += fmt::format("&after={}", after->count());
    const auto report = ask(pod, path, Deadline::after(longest_ask));
    if (!report) return failed(report.error(), exit_not_asked);
    fmt::print("{}\n", to_json(*report).dump());
    if (after) *after += arguments.spread;
  }
  return 0;
}

int run_talk(const Arguments& arguments) {
  for (const auto& pod : arguments.pods) {
    const auto report = ask(pod, "/state", Deadline::after(longest_ask));
    if (!report) return failed(report.error(), exit_not_asked);
    for (const auto& [to, peer] : report->peers)
      if (peer.sent_since.bytes != 0)
        fmt::print("{} {} {} {}\n", report->index, to, peer.sent_since.transfers, peer.sent_since.bytes);
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
  if (arguments->command == "audit") return run_audit(*arguments);
  return arguments->command == "talk" ? run_talk(*arguments) : run_switch(*arguments);
}
