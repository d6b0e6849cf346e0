// Holds what servers have against what their writer knows: each acknowledged write is there once, whole, and nothing
// else is. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "e2e/workloads/writer/server.hpp"

namespace cutline::writer {

struct SeriesState {
  std::uint64_t sent = 0, acknowledged = 0;
  std::string error;  // why it has stopped for good; empty: it has not
};
struct WriterState {
  std::vector<SeriesState> series;  // by number
  std::uint64_t repeats = 0;
  bool paused = false;
  [[nodiscard]] std::uint64_t acknowledged() const;
  [[nodiscard]] bool at_rest() const;  // nothing is on its way
};

struct ServerState {
  std::string name;
  std::string position;
  Contents contents;
};

struct Checked {
  WriterState writer;
  std::vector<ServerState> servers;
  std::vector<std::string> reasons;  // what is wrong; empty: nothing
  [[nodiscard]] bool ok() const { return reasons.empty(); }
};

// Of a writer at rest. The contents come back sorted.
[[nodiscard]] std::vector<std::string> judge(const WriterState& writer, std::vector<ServerState>& servers);

[[nodiscard]] std::string text(const Checked& checked);
[[nodiscard]] nlohmann::json to_json(const Checked& checked);
[[nodiscard]] nlohmann::json to_json(const WriterState& writer);
[[nodiscard]] Result<WriterState> writer_from_json(std::string_view text);

}  // namespace cutline::writer
