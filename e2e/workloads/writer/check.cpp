#include "e2e/workloads/writer/check.hpp"

#include <thread>

#include "e2e/workloads/ledger/network.hpp"

namespace cutline::writer {
namespace {

using namespace std::chrono_literals;
constexpr Millis to_rest = 30s, to_follow = 20s, between = 50ms;

Result<WriterState> writer_at_rest(const Endpoint& writer, Deadline deadline) {
  const auto until = deadline.sooner(to_rest);
  for (;;) {
    auto state = ask_writer(writer, "/state", deadline);
    if (!state || state->at_rest() || until.passed()) return state;
    std::this_thread::sleep_for(between);
  }
}

using Connections = std::vector<std::unique_ptr<Connection>>;

Result<Connections> connect_all(const Kind& kind, const std::vector<Named>& servers, Deadline deadline) {
  Connections out;
  for (const auto& server : servers) {
    auto connection = kind.connect(server.endpoint, deadline);
    if (!connection) return forward(connection, server.name);
    out.push_back(std::move(*connection));
  }
  return out;
}

// Servers do some work of their own, so the first one's position moves too; the others follow within a moment, or
// never.
Status await_positions(const Connections& connections, std::vector<ServerState>& servers, Deadline deadline) {
  for (;;) {
    bool same = true;
    for (std::size_t i = 0; i < servers.size(); ++i) {
      auto position = connections[i]->position();
      if (!position) return forward(position, servers[i].name);
      servers[i].position = std::move(*position);
      same = same && servers[i].position == servers.front().position;
    }
    if (same || deadline.passed()) return {};
    std::this_thread::sleep_for(between);
  }
}

Result<Checked> look(const Kind& kind, const Endpoint& writer, const std::vector<Named>& servers, Deadline deadline) {
  const auto state = writer_at_rest(writer, deadline);
  if (!state) return forward(state, "writer");
  const auto connections = connect_all(kind, servers, deadline);
  if (!connections) return tl::unexpected(connections.error());
  Checked out{*state, {}, {}};
  for (const auto& server : servers) out.servers.push_back({server.name, {}, {}});
  if (auto there = await_positions(*connections, out.servers, deadline.sooner(to_follow)); !there)
    return tl::unexpected(there.error());
  for (std::size_t i = 0; i < servers.size(); ++i) {
    auto contents = (*connections)[i]->read();
    if (!contents) return forward(contents, servers[i].name);
    out.servers[i].contents = std::move(*contents);
  }
  out.reasons = judge(out.writer, out.servers);
  return out;
}

}  // namespace

Result<WriterState> ask_writer(const Endpoint& writer, const char* path, Deadline deadline) {
  const auto body = ledger::http_get(writer, path, deadline);
  if (!body) return tl::unexpected(body.error());
  return writer_from_json(*body);
}

Result<Checked> check(const Kind& kind, const Endpoint& writer, const std::vector<Named>& servers, Deadline deadline) {
  if (const auto paused = ask_writer(writer, "/pause", deadline); !paused) return forward(paused, "writer");
  auto checked = look(kind, writer, servers, deadline);
  (void)ask_writer(writer, "/resume", deadline);
  return checked;
}

}  // namespace cutline::writer
