// A pod's money, and what it has sent to and received from each other pod: the pure core of the workload.
//
// Each pair of pods has one connection; a connection carries two streams of transfers, one each way, numbered 1, 2, ...
// . A number that is missing or comes twice is counted as an error, and never hidden. Amounts are whole units. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <map>

namespace cutline::ledger {

using Index = int;  // a pod's number in the workload: 0, 1, ...

struct Transfer {
  std::uint64_t number = 0;
  std::uint64_t amount = 0;
};

struct Stream {
  std::uint64_t next = 1;   // the next number, in this session
  std::uint64_t count = 0;  // transfers, in all sessions
  std::uint64_t sum = 0;    // their amounts
};

struct Errors {
  std::uint64_t gaps = 0;
  std::uint64_t repeats = 0;
  std::uint64_t lost_connections = 0;
  std::uint64_t malformed = 0;
  std::uint64_t orphans = 0;  // transfers that the peer had received when it came again, and that we have never sent
};

struct Peer {
  std::uint64_t session = 0;  // grows with each connection that does not continue the last one; 0: none yet
  Stream out;
  Stream in;
  std::uint64_t acknowledged = 0;  // the last number that the peer is known to have
  Errors errors;
};
[[nodiscard]] inline std::uint64_t in_flight(const Peer& peer) { return peer.out.next - 1 - peer.acknowledged; }

struct Account {
  std::int64_t initial = 0;
  std::int64_t balance = 0;
  std::map<Index, Peer> peers;
};

// Takes the amount off the balance and numbers it.
[[nodiscard]] Transfer send(Account& account, Index to, std::uint64_t amount);

enum class Taken { Applied, AppliedAfterGap, Repeated };
// Adds it to the balance, unless it came before.
[[nodiscard]] Taken receive(Account& account, Index from, const Transfer& transfer);

// The peer has received everything up to this number.
void acknowledge(Peer& peer, std::uint64_t number);

// Numbers begin anew; what was in flight is nobody's any more (the books show it: sent there, not received here).
void begin_session(Peer& peer, std::uint64_t session);

// The session goes on over a new connection, and the peer expects this number (not 0) next: what it lacks is in flight
// again, however far back it stands. What it has too much is an orphan, and counted.
void continue_session(Peer& peer, std::uint64_t expected);

}  // namespace cutline::ledger
