// Holds a server's keys against what its writer knows: exactly key:1 .. key:N with their values, N the number
// acknowledged, the writer never reconnected, the replicas linked and as far as their primary.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/deadline.hpp"
#include "e2e/workloads/ledger/config.hpp"

namespace cutline::redis {

using ledger::Endpoint;

struct Targets {
  Endpoint writer;
  Endpoint primary;
  std::vector<Endpoint> replicas;
};

struct WriterState {
  std::uint64_t acknowledged = 0, sent = 0, reconnects = 0, errors = 0;
};
struct ServerState {
  std::string name;                    // primary, replica-0, ...
  std::uint64_t keys = 0;              // of any name
  std::uint64_t present = 0;           // of key:1 .. key:N, with the right value
  std::vector<std::uint64_t> missing;  // the first few
  std::string link;                    // master_link_status; of a replica only
  std::uint64_t offset = 0;            // of the replication stream
};

struct Checked {
  WriterState writer;
  std::vector<ServerState> servers;
  std::vector<std::string> reasons;  // what is wrong; empty: nothing
  [[nodiscard]] bool ok() const { return reasons.empty(); }
};

// Pure: the judgement alone.
[[nodiscard]] std::vector<std::string> judge(const WriterState& writer, const std::vector<ServerState>& servers);

// Pauses the writer, waits until all is acknowledged and replicated, reads, and always lets it go on.
[[nodiscard]] Result<Checked> check(const Targets& targets, Deadline deadline);

[[nodiscard]] std::string text(const Checked& checked);
[[nodiscard]] nlohmann::json to_json(const Checked& checked);

}  // namespace cutline::redis
