// redis-writer [run]                     writes; REDIS_SERVER, WRITER_STATUS, WRITER_RATE, WRITER_WINDOW
// redis-writer check --writer H:P --primary H:P [--replica H:P]... [--json]
//     exit 0: ok, 1: failed, 2: could not be asked
#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "e2e/workloads/redis/check.hpp"
#include "e2e/workloads/redis/writer.hpp"

namespace {

using namespace cutline;
using namespace cutline::redis;

constexpr int exit_failed = 1, exit_not_asked = 2, exit_usage = 64;
constexpr Millis longest_check{60'000};
constexpr std::uint16_t server_port = 6379, status_port = 7402;

int failed(const Error& error, int code) {
  fmt::print(stderr, "redis-writer: {}\n", error.message);
  return code;
}

std::string environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

int run_writer() {
  const auto server = ledger::endpoint_of(environment("REDIS_SERVER", "127.0.0.1"), server_port);
  const auto status = ledger::endpoint_of(environment("WRITER_STATUS", "0.0.0.0"), status_port);
  if (!server) return failed(server.error(), exit_usage);
  if (!status) return failed(status.error(), exit_usage);
  const WriterConfig config{*server, *status, std::strtoull(environment("WRITER_RATE", "0").c_str(), nullptr, 10),
                            std::max(1ULL, std::strtoull(environment("WRITER_WINDOW", "64").c_str(), nullptr, 10))};
  auto writer = Writer::open(config);
  if (!writer) return failed(writer.error(), exit_failed);
  return failed(writer->run().error(), exit_failed);
}

Result<Targets> targets_of(int argc, char** argv, bool& json) {
  std::map<std::string, Endpoint> given;
  std::vector<Endpoint> replicas;
  for (int i = 2; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--json") {
      json = true;
      continue;
    }
    if ((word != "--writer" && word != "--primary" && word != "--replica") || i + 1 >= argc)
      return fail(Code::Invalid, "'{}' is not understood", word);
    auto endpoint = ledger::endpoint_of(argv[++i], word == "--writer" ? status_port : server_port);
    if (!endpoint) return tl::unexpected(endpoint.error());
    if (word == "--replica")
      replicas.push_back(*endpoint);
    else
      given[word] = *endpoint;
  }
  if (!given.contains("--writer") || !given.contains("--primary"))
    return fail(Code::Invalid, "check needs --writer and --primary");
  return Targets{given["--writer"], given["--primary"], std::move(replicas)};
}

int run_check(int argc, char** argv) {
  bool json = false;
  const auto targets = targets_of(argc, argv, json);
  if (!targets) return failed(targets.error(), exit_usage);
  const auto checked = check(*targets, Deadline::after(longest_check));
  if (!checked) return failed(checked.error(), exit_not_asked);
  fmt::print("{}", json ? to_json(*checked).dump() + "\n" : text(*checked));
  return checked->ok() ? 0 : exit_failed;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "run";
  if (command == "run") return run_writer();
  if (command == "check") return run_check(argc, argv);
  return failed(Error{Code::Invalid, "usage: redis-writer run|check"}, exit_usage);
}
