#include "e2e/workloads/ledger/config.hpp"

#include <charconv>

namespace cutline::ledger {
namespace {

constexpr std::size_t most_pods = 256;

template <class T>
std::optional<T> number(std::string_view text) {
  T out{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

std::vector<std::string_view> split(std::string_view list, char at) {
  std::vector<std::string_view> out;
  while (!list.empty()) {
    const auto end = std::min(list.find(at), list.size());
    if (end != 0) out.push_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return out;
}

Result<Index> own_index(const std::optional<std::string>& told, const std::string& host_name) {
  const auto text = told ? *told : host_name.substr(host_name.rfind('-') + 1);
  if (const auto index = number<Index>(text); index && *index >= 0) return *index;
  return fail(Code::Invalid, "LEDGER_SELF: '{}' is no index, and none is at the end of the host's name '{}'", text,
              host_name);
}

}  // namespace

Result<Endpoint> endpoint_of(std::string_view text, std::uint16_t default_port) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos && default_port != 0 && !text.empty())
    return Endpoint{std::string{text}, default_port};
  const auto port = colon == std::string_view::npos ? std::nullopt : number<std::uint16_t>(text.substr(colon + 1));
  if (!port || colon == 0) return fail(Code::Invalid, "'{}' is no host:port", text);
  return Endpoint{std::string{text.substr(0, colon)}, *port};
}

Result<std::vector<std::string>> expand(std::string_view list) {
  std::vector<std::string> out;
  for (const auto item : split(list, ',')) {
    const auto open = item.find('{'), dots = item.find(".."), close = item.find('}');
    if (open == std::string_view::npos) {
      out.emplace_back(item);
      continue;
    }
    if (dots == std::string_view::npos || close == std::string_view::npos || dots < open || close < dots)
      return fail(Code::Invalid, "'{}': a range is written {{0..2}}", item);
    const auto first = number<unsigned>(item.substr(open + 1, dots - open - 1)),
               last = number<unsigned>(item.substr(dots + 2, close - dots - 2));
    if (!first || !last || *last < *first || *last - *first >= most_pods)
      return fail(Code::Invalid, "'{}': not a range of at most {} numbers", item, most_pods);
    for (auto i = *first; i <= *last; ++i)
      out.push_back(fmt::format("{}{}{}", item.substr(0, open), i, item.substr(close + 1)));
  }
  return out;
}

Result<Config> configure(const Environment& environment, const std::string& host_name) {
  Config config;
  const auto text = [&](const char* name, const char* otherwise) { return environment(name).value_or(otherwise); };
  const auto self = own_index(environment("LEDGER_SELF"), host_name);
  if (!self) return tl::unexpected(self.error());
  config.self = *self;
  const auto names = expand(text("LEDGER_PEERS", ""));
  if (!names) return tl::unexpected(names.error().in("LEDGER_PEERS"));
  if (names->size() > most_pods || static_cast<std::size_t>(config.self) >= names->size())
    return fail(Code::Invalid, "LEDGER_PEERS names {} pods, and this is number {}", names->size(), config.self);
  for (const auto& name : *names) {
    auto endpoint = endpoint_of(name);
    if (!endpoint) return tl::unexpected(endpoint.error().in("LEDGER_PEERS"));
    config.peers.push_back(*endpoint);
  }
  auto graph = Graph::parse(text("LEDGER_GRAPH", "all"), config.peers.size());
  if (!graph) return tl::unexpected(graph.error().in("LEDGER_GRAPH"));
  config.graph = *graph;
  const auto listen = endpoint_of(text("LEDGER_LISTEN", "0.0.0.0:7400")),
             status = endpoint_of(text("LEDGER_STATUS", "0.0.0.0:7401"));
  if (!listen) return tl::unexpected(listen.error().in("LEDGER_LISTEN"));
  if (!status) return tl::unexpected(status.error().in("LEDGER_STATUS"));
  const auto initial = number<std::int64_t>(text("LEDGER_INITIAL", "1000000"));
  const auto window = number<std::uint64_t>(text("LEDGER_WINDOW", "64")),
             rate = number<std::uint64_t>(text("LEDGER_RATE", "0")),
             burst = number<std::uint64_t>(text("LEDGER_BURST", "0")),
             ballast = number<std::uint64_t>(text("LEDGER_BALLAST_MB", "0"));
  if (!initial || !window || *window == 0 || !rate || !burst || !ballast)
    return fail(Code::Invalid,
                "LEDGER_INITIAL, LEDGER_WINDOW, LEDGER_RATE, LEDGER_BURST and LEDGER_BALLAST_MB are numbers, and the "
                "window is not 0");
  if (*burst != 0 && *rate == 0) return fail(Code::Invalid, "LEDGER_BURST needs a LEDGER_RATE");
  config.listen = *listen;
  config.status = *status;
  config.file = text("LEDGER_FILE", "/data/ledger.log");
  config.initial = *initial;
  config.window = *window;
  config.rate = *rate;
  config.ballast_mb = *ballast;
  config.burst = *burst;
  config.reconnect = text("LEDGER_RECONNECT", "0") == "1";
  config.ping_pong = text("LEDGER_PING_PONG", "0") == "1";
  return config;
}

}  // namespace cutline::ledger
