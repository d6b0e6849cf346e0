// Connection counters: what a local checkpoint records of each TCP connection while its process is frozen.
// All values are bytes since the connection's very beginning, also across rollbacks (see sidecar/sockets: the base of a
// restored connection). The two ends of a connection name it by mirrored endpoints.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace cutline::protocol {

struct Endpoint {
  std::string address;  // canonical text, IPv4 or IPv6 without zone
  std::uint16_t port = 0;
  auto operator<=>(const Endpoint&) const = default;
};

// "10.0.0.1:80", "[fd00::1]:80"; without a port, as datagrams have none here, the address alone.
[[nodiscard]] std::string show(const Endpoint& endpoint);
// What show() writes; a port that is no port is 0.
[[nodiscard]] Endpoint parse_endpoint(const std::string& text);

// One end's name of a connection.
struct Connection {
  Endpoint local;
  Endpoint remote;
  auto operator<=>(const Connection&) const = default;
};

struct Counters {
  Endpoint local;
  Endpoint remote;
  std::uint64_t acked = 0;     // of what this end sent, the other end's TCP has confirmed
  std::uint64_t sent = 0;      // handed to the wire at least once
  std::uint64_t received = 0;  // arrived here in order, read by the application or not
  auto operator<=>(const Counters&) const = default;
};

using CounterTable = std::vector<Counters>;

// Datagrams exchanged with one address, counted since the pod began. The network may lose them, so a datagram can be an
// orphan, never a loss.
struct Flow {
  std::string local;
  std::string remote;
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  auto operator<=>(const Flow&) const = default;
};

using FlowTable = std::vector<Flow>;

}  // namespace cutline::protocol
