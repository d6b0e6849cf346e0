// What a ledger pod is told by its environment. All have defaults but LEDGER_PEERS.
//
//   LEDGER_PEERS       all pods in order, itself too: host:port,... with {a..b} for numbers, as
//                      ledger-{0..2}.ledger.bank.svc.cluster.local:7400
//   LEDGER_SELF        its index; otherwise the number at the end of the host's name
//   LEDGER_LISTEN      0.0.0.0:7400
//   LEDGER_STATUS      0.0.0.0:7401
//   LEDGER_FILE        /data/ledger.log
//   LEDGER_GRAPH       who sends to whom (graph.hpp), e.g. 0-1,1>2; otherwise all. Can be changed while they run
//   LEDGER_INITIAL     1000000
//   LEDGER_WINDOW      64: transfers in flight on a connection, each way
//   LEDGER_RATE        transfers started per second; 0: as fast as it can
//   LEDGER_BURST       0; otherwise transfers start in bursts of about so many, each to one peer, with rests between
//   LEDGER_PING_PONG   0; 1: a pod sends one transfer for each that it has received; the lower of two serves
//   LEDGER_BALLAST_MB  0: memory that is held, and rewritten bit by bit
//   LEDGER_RECONNECT   0; 1: a broken connection is continued instead of counted as an error: each end says what it
//   has,
//                      and is sent from the other's book what it lacks, wherever a rollback has put the two
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "e2e/workloads/ledger/account.hpp"
#include "e2e/workloads/ledger/graph.hpp"

namespace cutline::ledger {

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
};

struct Config {
  Index self = 0;
  std::vector<Endpoint> peers;  // by index
  Graph graph;
  Endpoint listen, status;
  std::string file;
  std::int64_t initial = 0;
  std::uint64_t window = 0;
  std::uint64_t rate = 0;
  std::uint64_t burst = 0;
  std::uint64_t ballast_mb = 0;
  bool reconnect = false;
  bool ping_pong = false;
};

using Environment = std::function<std::optional<std::string>(const char* name)>;
[[nodiscard]] Result<Config> configure(const Environment& environment, const std::string& host_name);

[[nodiscard]] Result<Endpoint> endpoint_of(std::string_view text, std::uint16_t default_port = 0);
// "a-{0..2}:7,b:8" -> a-0:7 a-1:7 a-2:7 b:8
[[nodiscard]] Result<std::vector<std::string>> expand(std::string_view list);

}  // namespace cutline::ledger
