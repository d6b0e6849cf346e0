// How a checkpoint names its connections, and how they are called now: a pod that stands in for one that is gone has
// another address, and its peers go on with that. All names change at once, so pods may have exchanged addresses.
//
// Pure values.
#pragma once

#include <map>

#include "protocol/messages.hpp"

namespace cutline::protocol {

class Readdressing {
 public:
  Readdressing() = default;
  // `shifts`: those with a `remote` of their own.
  explicit Readdressing(const std::vector<Readdress>& addresses, const std::vector<Shift>& shifts = {});

  [[nodiscard]] const std::string& operator()(const std::string& address) const;
  [[nodiscard]] Connection operator()(const Connection& connection) const;
  [[nodiscard]] CounterTable operator()(CounterTable counters) const;
  [[nodiscard]] FlowTable operator()(FlowTable flows) const;
  [[nodiscard]] LocalCheckpoint operator()(LocalCheckpoint checkpoint) const;

  // What leads from the names of `one` to those of `other`; both begin at the names of the same checkpoint.
  [[nodiscard]] static Readdressing between(const Readdressing& one, const Readdressing& other);
  // First this, then `next`.
  [[nodiscard]] Readdressing then(const Readdressing& next) const;
  // From the names that this leads to back to the checkpoint's.
  [[nodiscard]] Readdressing back() const;

  [[nodiscard]] bool empty() const { return addresses_.empty() && remotes_.empty(); }
  [[nodiscard]] const std::map<std::string, std::string>& addresses() const { return addresses_; }
  [[nodiscard]] const std::map<Connection, Endpoint>& remotes() const { return remotes_; }
  // As addresses() and remotes() say.
  [[nodiscard]] static Readdressing of(std::map<std::string, std::string> addresses,
                                       std::map<Connection, Endpoint> remotes);
  bool operator==(const Readdressing&) const = default;

 private:
  std::map<std::string, std::string> addresses_;
  std::map<Connection, Endpoint> remotes_;  // of single connections; their names as before
};

// As a history tells it, and read from one: none, if the checkpoint's names are those of now.
[[nodiscard]] Renamed renamed(CheckpointIndex index, const Readdressing& names);
[[nodiscard]] Readdressing names_of(const History& history, CheckpointIndex index);

}  // namespace cutline::protocol
