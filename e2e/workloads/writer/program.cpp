#include "e2e/workloads/writer/program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "e2e/workloads/writer/check.hpp"
#include "e2e/workloads/writer/value.hpp"
#include "e2e/workloads/writer/writer.hpp"

namespace cutline::writer {
namespace {

constexpr int exit_failed = 1, exit_not_asked = 2, exit_usage = 64;
constexpr Millis longest_check{120'000}, longest_question{10'000};
constexpr std::uint16_t status_port = 7402;

struct Arguments {
  std::optional<Endpoint> writer;
  std::vector<Named> servers;
  std::vector<std::uint64_t> numbers;
  bool json = false;
};

std::string environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}
std::uint64_t number(const std::string& text) { return std::strtoull(text.c_str(), nullptr, 10); }

Result<Named> server_of(const std::string& word, std::uint16_t port) {
  const auto equals = word.find('=');
  auto endpoint = ledger::endpoint_of(equals == std::string::npos ? word : word.substr(equals + 1), port);
  if (!endpoint) return tl::unexpected(endpoint.error());
  return Named{equals == std::string::npos ? "server" : word.substr(0, equals), *endpoint};
}

Result<Arguments> arguments_of(std::span<char*> words, const Kind& kind) {
  Arguments out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string word = words[i];
    if (word == "--json") {
      out.json = true;
    } else if (word == "--writer" && i + 1 < words.size()) {
      auto endpoint = ledger::endpoint_of(words[++i], status_port);
      if (!endpoint) return tl::unexpected(endpoint.error());
      out.writer = *endpoint;
    } else if (word == "--server" && i + 1 < words.size()) {
      auto server = server_of(words[++i], kind.port);
      if (!server) return tl::unexpected(server.error());
      out.servers.push_back(std::move(*server));
    } else if (!word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      out.numbers.push_back(number(word));
    } else {
      return fail(Code::Invalid, "'{}' is not understood", word);
    }
  }
  return out;
}

Result<int> run(const Kind& kind) {
  WriterConfig config;
  const auto servers = ledger::expand(environment("WRITER_SERVERS", "127.0.0.1"));
  if (!servers) return forward(servers, "WRITER_SERVERS");
  for (const auto& server : *servers) {
    const auto endpoint = ledger::endpoint_of(server, kind.port);
    if (!endpoint) return forward(endpoint, "WRITER_SERVERS");
    config.servers.push_back(*endpoint);
  }
  const auto status = ledger::endpoint_of(environment("WRITER_STATUS", "0.0.0.0"), status_port);
  if (!status) return forward(status, "WRITER_STATUS");
  config.status = *status;
  config.series = static_cast<Series>(std::max(std::uint64_t{1}, number(environment("WRITER_SERIES", "4"))));
  config.rate = number(environment("WRITER_RATE", "0"));
  Writer writer{kind, std::move(config)};
  const auto ended = writer.run();
  return tl::unexpected(ended.error());
}

Result<int> run_check(const Kind& kind, const Arguments& given) {
  if (!given.writer || given.servers.empty()) return fail(Code::Invalid, "check needs --writer and --server");
  const auto checked = check(kind, *given.writer, given.servers, Deadline::after(longest_check));
  if (!checked) return tl::unexpected(checked.error());
  fmt::print("{}", given.json ? to_json(*checked).dump() + "\n" : text(*checked));
  return checked->ok() ? 0 : exit_failed;
}

Result<int> show_state(const Arguments& given) {
  if (!given.writer) return fail(Code::Invalid, "state needs --writer");
  const auto state = ask_writer(*given.writer, "/state", Deadline::after(longest_question));
  if (!state) return tl::unexpected(state.error());
  fmt::print("{}\n", to_json(*state).dump());
  return 0;
}

Result<int> one_write(const Kind& kind, const Arguments& given, bool reads) {
  if (given.servers.size() != 1 || given.numbers.size() != 2)
    return fail(Code::Invalid, "this needs one --server, a series and a number");
  const auto write = write_of(static_cast<Series>(given.numbers[0]), given.numbers[1]);
  const auto connection = kind.connect(given.servers[0].endpoint, Deadline::after(longest_question));
  if (!connection) return tl::unexpected(connection.error());
  if (!reads) {
    if (auto written = (*connection)->write(write); !written) return tl::unexpected(written.error());
    return 0;
  }
  const auto contents = (*connection)->read();
  if (!contents) return tl::unexpected(contents.error());
  return std::find(contents->writes.begin(), contents->writes.end(), write) != contents->writes.end() ? 0 : exit_failed;
}

Result<int> chosen(const std::string& command, std::span<char*> words, const Kind& kind) {
  const auto given = arguments_of(words, kind);
  if (!given) return tl::unexpected(given.error());
  if (command == "run") return run(kind);
  if (command == "check") return run_check(kind, *given);
  if (command == "state") return show_state(*given);
  if (command == "write" || command == "has") return one_write(kind, *given, command == "has");
  return fail(Code::Invalid, "usage: {} run|check|state|write|has", kind.program);
}

}  // namespace

int program(int argc, char** argv, const Kind& kind) {
  const std::span words{argv, static_cast<std::size_t>(argc)};
  const auto code = chosen(argc > 1 ? argv[1] : "run", words.subspan(std::min<std::size_t>(2, words.size())), kind);
  if (code) return *code;
  fmt::print(stderr, "{}: {}\n", kind.program, code.error().message);
  return code.error().code == Code::Invalid ? exit_usage : exit_not_asked;
}

}  // namespace cutline::writer
