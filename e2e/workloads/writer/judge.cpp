#include "e2e/workloads/writer/judge.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "e2e/workloads/writer/value.hpp"

namespace cutline::writer {
namespace {

constexpr std::size_t shown = 5;

// The first few, and how many there are.
struct Tally {
  std::size_t count = 0;
  std::vector<std::string> first;
  void add(Series series, std::uint64_t number) {
    if (++count <= shown) first.push_back(fmt::format("{}/{}", series, number));
  }
  void tell(const std::string& server, const char* what, std::vector<std::string>& out) const {
    if (count != 0)
      out.push_back(
          fmt::format("{}: {} {}: {}{}", server, count, what, fmt::join(first, ", "), count > shown ? ", ..." : ""));
  }
};

void judge_writes(const WriterState& writer, ServerState& server, std::vector<std::string>& out) {
  Tally lost, repeated, torn, unknown;
  auto& writes = server.contents.writes;
  std::sort(writes.begin(), writes.end());
  auto at = writes.begin();
  const auto pass = [&](Series series, std::uint64_t number, auto&& each) {
    for (; at != writes.end() && std::pair(at->series, at->number) <= std::pair(series, number); ++at) each(*at);
  };
  for (Series series = 0; series < writer.series.size(); ++series)
    for (std::uint64_t number = 1; number <= writer.series[series].acknowledged; ++number) {
      std::size_t copies = 0;
      pass(series, number, [&](const Write& found) {
        if (found.series != series || found.number != number) return unknown.add(found.series, found.number);
        if (++copies == 1 && found != write_of(series, number)) torn.add(series, number);
      });
      if (copies == 0) lost.add(series, number);
      if (copies > 1) repeated.add(series, number);
    }
  for (; at != writes.end(); ++at) unknown.add(at->series, at->number);
  lost.tell(server.name, "acknowledged writes lost", out);
  repeated.tell(server.name, "writes repeated", out);
  torn.tell(server.name, "writes torn", out);
  unknown.tell(server.name, "writes that the writer does not know", out);
}

}  // namespace

std::uint64_t WriterState::acknowledged() const {
  std::uint64_t out = 0;
  for (const auto& one : series) out += one.acknowledged;
  return out;
}

bool WriterState::at_rest() const {
  return std::all_of(series.begin(), series.end(), [](const auto& one) { return one.sent == one.acknowledged; });
}

std::vector<std::string> judge(const WriterState& writer, std::vector<ServerState>& servers) {
  std::vector<std::string> out;
  for (Series i = 0; i < writer.series.size(); ++i) {
    const auto& series = writer.series[i];
    if (!series.error.empty()) out.push_back(fmt::format("writer: series {} has ended: {}", i, series.error));
    if (series.sent != series.acknowledged)
      out.push_back(fmt::format("writer: series {}: {} of {} writes never acknowledged", i,
                                series.sent - series.acknowledged, series.sent));
  }
  for (auto& server : servers) {
    judge_writes(writer, server, out);
    if (server.position != servers.front().position)
      out.push_back(fmt::format("{}: at {}, {} at {}", server.name, server.position, servers.front().name,
                                servers.front().position));
    for (const auto& complaint : server.contents.complaints)
      out.push_back(fmt::format("{}: {}", server.name, complaint));
  }
  return out;
}

}  // namespace cutline::writer
