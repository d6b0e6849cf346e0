#include "protocol/readdressing.hpp"

namespace cutline::protocol {

Readdressing::Readdressing(const std::vector<Readdress>& addresses, const std::vector<Shift>& shifts) {
  for (const auto& one : addresses)
    if (one.from != one.to) addresses_.emplace(one.from, one.to);
  for (const auto& shift : shifts)
    if (!shift.remote.address.empty()) remotes_.emplace(shift.connection, shift.remote);
}

Readdressing Readdressing::of(std::map<std::string, std::string> addresses, std::map<Connection, Endpoint> remotes) {
  Readdressing out;
  out.addresses_ = std::move(addresses);
  out.remotes_ = std::move(remotes);
  return out;
}

const std::string& Readdressing::operator()(const std::string& address) const {
  const auto found = addresses_.find(address);
  return found == addresses_.end() ? address : found->second;
}

Connection Readdressing::operator()(const Connection& connection) const {
  Connection out{{(*this)(connection.local.address), connection.local.port},
                 {(*this)(connection.remote.address), connection.remote.port}};
  if (const auto found = remotes_.find(connection); found != remotes_.end()) out.remote = found->second;
  return out;
}

CounterTable Readdressing::operator()(CounterTable counters) const {
  for (auto& row : counters) {
    auto now = (*this)(Connection{row.local, row.remote});
    row.local = std::move(now.local);
    row.remote = std::move(now.remote);
  }
  return counters;
}

FlowTable Readdressing::operator()(FlowTable flows) const {
  for (auto& row : flows) {
    row.local = (*this)(row.local);
    row.remote = (*this)(row.remote);
  }
  return flows;
}

LocalCheckpoint Readdressing::operator()(LocalCheckpoint checkpoint) const {
  if (empty()) return checkpoint;
  checkpoint.counters = (*this)(std::move(checkpoint.counters));
  checkpoint.closed = (*this)(std::move(checkpoint.closed));
  checkpoint.flows = (*this)(std::move(checkpoint.flows));
  return checkpoint;
}

Readdressing Readdressing::between(const Readdressing& one, const Readdressing& other) {
  std::map<std::string, std::string> addresses;
  for (const auto* side : {&one, &other})
    for (const auto& [from, to] : side->addresses_)
      if (one(from) != other(from)) addresses.emplace(one(from), other(from));
  std::map<Connection, Endpoint> remotes;
  for (const auto* side : {&one, &other})
    for (const auto& [connection, remote] : side->remotes_) remotes.emplace(one(connection), other(connection).remote);
  return of(std::move(addresses), std::move(remotes));
}

Readdressing Readdressing::then(const Readdressing& next) const {
  std::map<std::string, std::string> addresses;
  for (const auto& [from, to] : addresses_)
    if (next(to) != from) addresses.emplace(from, next(to));
  std::map<std::string, std::string> back;
  for (const auto& [from, to] : addresses_) back.emplace(to, from);
  for (const auto& [from, to] : next.addresses_)
    if (!addresses_.contains(from) && !back.contains(from)) addresses.emplace(from, to);
  const auto before = [&](const std::string& address) { return back.contains(address) ? back.at(address) : address; };
  std::map<Connection, Endpoint> remotes;
  for (const auto& [connection, remote] : remotes_) remotes.emplace(connection, next((*this)(connection)).remote);
  for (const auto& [c, remote] : next.remotes_)
    remotes.emplace(Connection{{before(c.local.address), c.local.port}, {before(c.remote.address), c.remote.port}},
                    remote);
  return of(std::move(addresses), std::move(remotes));
}

Renamed renamed(CheckpointIndex index, const Readdressing& names) {
  Renamed out{index, {}, {}};
  for (const auto& [from, to] : names.addresses()) out.addresses.push_back({from, to});
  for (const auto& [connection, remote] : names.remotes()) out.remotes.push_back({connection, 0, 0, remote});
  return out;
}

Readdressing names_of(const History& history, CheckpointIndex index) {
  for (const auto& one : history.renamed)
    if (one.index == index) return Readdressing{one.addresses, one.remotes};
  return {};
}

Readdressing Readdressing::back() const {
  std::map<std::string, std::string> addresses;
  for (const auto& [from, to] : addresses_) addresses.emplace(to, from);
  std::map<Connection, Endpoint> remotes;
  for (const auto& [connection, remote] : remotes_) remotes.emplace((*this)(connection), connection.remote);
  return of(std::move(addresses), std::move(remotes));
}

}  // namespace cutline::protocol
