#include "e2e/workloads/redis/check.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <nlohmann/json.hpp>

#include "e2e/workloads/ledger/network.hpp"
#include "e2e/workloads/redis/resp.hpp"

namespace cutline::redis {
namespace {

using namespace std::chrono_literals;
constexpr Millis to_rest = 10s, between = 20ms;
constexpr std::uint64_t keys_at_once = 1000;
constexpr std::size_t missing_shown = 5;

// One connection, one question at a time.
class Client {
 public:
  static Result<Client> connect(const Endpoint& server, Deadline deadline) {
    const auto address = ledger::resolve(server, deadline);
    if (!address) return tl::unexpected(address.error());
    auto fd = ledger::begin_connect(*address);
    if (!fd) return tl::unexpected(fd.error());
    Client client{std::move(*fd), deadline};
    if (auto ready = client.await(POLLOUT); !ready) return tl::unexpected(ready.error());
    if (const int error = ledger::connect_error(client.fd_.get()); error != 0)
      return fail_errno(error, fmt::format("connect to {}:{}", server.host, server.port));
    return client;
  }

  Result<Reply> ask(const std::vector<std::string>& words) {
    std::string out;
    append_command(out, words);
    while (!out.empty()) {
      if (auto ready = await(POLLOUT); !ready) return tl::unexpected(ready.error());
      const ssize_t n = ::send(fd_.get(), out.data(), out.size(), MSG_NOSIGNAL);
      if (n < 0) return fail_errno(errno, words.front());
      out.erase(0, static_cast<std::size_t>(n));
    }
    for (;;) {
      std::string_view rest = in_;
      if (auto reply = take_reply(rest)) {
        in_.erase(0, in_.size() - rest.size());
        if (reply->type == '-' || reply->type == '?') return fail(Code::Internal, "{}: {}", words.front(), reply->text);
        return std::move(*reply);
      }
      if (auto ready = await(POLLIN); !ready) return tl::unexpected(ready.error());
      char bytes[16384];
      const ssize_t n = ::recv(fd_.get(), bytes, sizeof bytes, 0);
      if (n <= 0) return fail(Code::Unavailable, "{}: the server hung up", words.front());
      in_.append(bytes, static_cast<std::size_t>(n));
    }
  }

 private:
  Client(Fd fd, Deadline deadline) : fd_(std::move(fd)), deadline_(deadline) {}
  [[nodiscard]] Status await(short events) const {
    pollfd ready{fd_.get(), events, 0};
    while (!deadline_.passed())
      if (::poll(&ready, 1, static_cast<int>(deadline_.left().count())) > 0) return {};
    return fail(Code::Timeout, "the server did not answer in time");
  }
  Fd fd_;
  Deadline deadline_;
  std::string in_;
};

std::uint64_t number(std::string_view text) {
  std::uint64_t out = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

Result<WriterState> ask_writer(const Endpoint& writer, const char* path, Deadline deadline) {
  const auto body = ledger::http_get(writer, path, deadline);
  if (!body) return tl::unexpected(body.error());
  const auto json = nlohmann::json::parse(*body, nullptr, false);
  if (!json.is_object()) return fail(Code::Internal, "the writer's answer is not JSON");
  return WriterState{json.value("acknowledged", 0UL), json.value("sent", 0UL), json.value("reconnects", 0UL),
                     json.value("errors", 0UL)};
}

Result<ServerState> replication(Client& client, const std::string& name) {
  const auto info = client.ask({"INFO", "replication"});
  if (!info) return tl::unexpected(info.error());
  ServerState out;
  out.name = name;
  const bool replica = info_field(info->text, "role") == "slave";
  if (replica) out.link = info_field(info->text, "master_link_status").value_or("unknown");
  out.offset = number(info_field(info->text, replica ? "slave_repl_offset" : "master_repl_offset").value_or(""));
  return out;
}

// Counts key:1 .. key:n that hold their own number.
Status count_keys(Client& client, std::uint64_t n, ServerState& out) {
  for (std::uint64_t first = 1; first <= n; first += keys_at_once) {
    std::vector<std::string> words{"MGET"};
    for (auto i = first; i < first + keys_at_once && i <= n; ++i) words.push_back("key:" + std::to_string(i));
    const auto values = client.ask(words);
    if (!values) return tl::unexpected(values.error());
    for (std::size_t i = 0; i < values->elements.size(); ++i) {
      if (!values->elements[i].null && values->elements[i].text == std::to_string(first + i))
        ++out.present;
      else if (out.missing.size() < missing_shown)
        out.missing.push_back(first + i);
    }
  }
  const auto size = client.ask({"DBSIZE"});
  if (!size) return tl::unexpected(size.error());
  out.keys = number(size->text);
  return {};
}

Result<WriterState> rest_of_writer(const Endpoint& writer, Deadline deadline) {
  const auto until = deadline.sooner(to_rest);
  for (;;) {
    auto state = ask_writer(writer, "/state", deadline);
    if (!state || state->sent == state->acknowledged || until.passed()) return state;
    (void)::poll(nullptr, 0, static_cast<int>(between.count()));
  }
}

Result<Checked> look(const Targets& targets, Deadline deadline) {
  const auto writer = rest_of_writer(targets.writer, deadline);
  if (!writer) return tl::unexpected(writer.error());
  Checked out{*writer, {}, {}};
  std::vector<Client> clients;
  std::vector<std::pair<std::string, Endpoint>> servers{{"primary", targets.primary}};
  for (std::size_t i = 0; i < targets.replicas.size(); ++i)
    servers.emplace_back(fmt::format("replica-{}", i), targets.replicas[i]);
  for (const auto& [name, endpoint] : servers) {
    auto client = Client::connect(endpoint, deadline);
    if (!client) return forward(client, name);
    clients.push_back(std::move(*client));
  }
  // The primary's own pings move its offset; the replicas follow within a moment, or never.
  for (const auto until = deadline.sooner(to_rest);;) {
    out.servers.clear();
    for (std::size_t i = 0; i < clients.size(); ++i) {
      auto state = replication(clients[i], servers[i].first);
      if (!state) return forward(state, servers[i].first);
      out.servers.push_back(std::move(*state));
    }
    const auto offset = out.servers.front().offset;
    const bool same = std::ranges::all_of(out.servers, [&](const auto& server) { return server.offset == offset; });
    if (same || until.passed()) break;
    (void)::poll(nullptr, 0, static_cast<int>(between.count()));
  }
  for (std::size_t i = 0; i < clients.size(); ++i)
    if (auto counted = count_keys(clients[i], writer->acknowledged, out.servers[i]); !counted)
      return forward(counted, servers[i].first);
  out.reasons = judge(out.writer, out.servers);
  return out;
}

}  // namespace

Result<Checked> check(const Targets& targets, Deadline deadline) {
  if (const auto paused = ask_writer(targets.writer, "/pause", deadline); !paused)
    return tl::unexpected(paused.error());
  auto checked = look(targets, deadline);
  (void)ask_writer(targets.writer, "/resume", deadline);
  return checked;
}

}  // namespace cutline::redis
