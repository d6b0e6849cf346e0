// What the writer and the checker need of a database, log or store: one lasting connection that adds numbered writes,
// and reads back what is there. Each kind of server implements Connection in a folder of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "e2e/workloads/ledger/config.hpp"

namespace cutline::writer {

using ledger::Endpoint;

// Series are written by one connection each, their numbers in order from 1 on.
using Series = std::uint32_t;
struct Write {
  Series series = 0;
  std::uint64_t number = 0;
  std::string value;
  auto operator<=>(const Write&) const = default;
};

// What a server holds, and what its own means say about it.
struct Contents {
  std::vector<Write> writes;            // in any order; what is there twice is listed twice
  std::string session;                  // who follows whom, since when: stays the same as long as nobody reconnects
  std::string note;                     // for a person
  std::vector<std::string> complaints;  // of invariants that do not hold, of the server's own checks
};

// One connection, never made anew. Not thread-safe. Waits count in looks of a second, not by the clock: that jumps
// for whoever is restored.
class Connection {
 public:
  virtual ~Connection() = default;

  // Makes what writes need (tables, a stream). Can be repeated.
  [[nodiscard]] virtual Status prepare() = 0;
  // Returns when the server has acknowledged it. An error: it may be there or not, and the connection is of no use.
  [[nodiscard]] virtual Status write(const Write& write) = 0;
  // How far the server is. Those that hold the same say the same.
  [[nodiscard]] virtual Result<std::string> position() = 0;
  [[nodiscard]] virtual Result<Contents> read() = 0;
  // How often a write was sent again, over the same connection, because the server had asked for it.
  [[nodiscard]] virtual std::uint64_t repeats() const { return 0; }
};

using Connect = Result<std::unique_ptr<Connection>> (*)(const Endpoint& server, Deadline deadline);

struct Kind {
  const char* program;  // its name on the command line
  std::uint16_t port;
  Connect connect;
};

// How many looks of a second a connection waits for an answer.
inline constexpr int kPatience = 90;

}  // namespace cutline::writer
