#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "e2e/workloads/redis/check.hpp"

namespace cutline::redis {

std::vector<std::string> judge(const WriterState& writer, const std::vector<ServerState>& servers) {
  std::vector<std::string> out;
  const auto n = writer.acknowledged;
  if (writer.reconnects != 0) out.push_back(fmt::format("writer: connected again {} times", writer.reconnects));
  if (writer.errors != 0) out.push_back(fmt::format("writer: {} errors", writer.errors));
  if (writer.sent != n)
    out.push_back(fmt::format("writer: {} of {} keys never acknowledged", writer.sent - n, writer.sent));
  for (const auto& server : servers) {
    if (server.present != n)
      out.push_back(fmt::format("{}: {} of {} keys missing or wrong: {}, ...", server.name, n - server.present, n,
                                fmt::join(server.missing, ", ")));
    if (server.keys > server.present)
      out.push_back(
          fmt::format("{}: {} keys that the writer does not know", server.name, server.keys - server.present));
    if (!server.link.empty() && server.link != "up")
      out.push_back(fmt::format("{}: the link to the primary is {}", server.name, server.link));
    if (server.offset != servers.front().offset)
      out.push_back(
          fmt::format("{}: at offset {}, the primary at {}", server.name, server.offset, servers.front().offset));
  }
  return out;
}

std::string text(const Checked& checked) {
  std::string out = fmt::format("writer   {} keys acknowledged, {} reconnects\n", checked.writer.acknowledged,
                                checked.writer.reconnects);
  for (const auto& s : checked.servers)
    out += fmt::format("{:<8} {} keys, offset {}{}{}\n", s.name, s.keys, s.offset, s.link.empty() ? "" : ", link ",
                       s.link);
  for (const auto& reason : checked.reasons) out += fmt::format("  {}\n", reason);
  return out + (checked.ok() ? fmt::format("check: ok, keys 1..{}\n", checked.writer.acknowledged)
                             : fmt::format("check: FAILED, {} reasons\n", checked.reasons.size()));
}

nlohmann::json to_json(const Checked& checked) {
  nlohmann::json out{{"ok", checked.ok()},
                     {"acknowledged", checked.writer.acknowledged},
                     {"reconnects", checked.writer.reconnects},
                     {"reasons", checked.reasons},
                     {"servers", nlohmann::json::array()}};
  for (const auto& s : checked.servers)
    out["servers"].push_back(
        {{"name", s.name}, {"keys", s.keys}, {"present", s.present}, {"link", s.link}, {"offset", s.offset}});
  return out;
}

}  // namespace cutline::redis
