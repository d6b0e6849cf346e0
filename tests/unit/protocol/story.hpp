// A short history told step by step: pods a, b, ... with one connection between each two that talk.
#pragma once

#include <map>

#include "protocol/line.hpp"

namespace cutline::protocol {

class Story {
 public:
  using Name = char;

  // A message that arrives and is acknowledged, or only the first part of that.
  void message(Name from, Name to, std::uint64_t bytes = 10) {
    send(from, to, bytes);
    receive(to, from, bytes);
    end(from, to).acked += bytes;
  }
  void send(Name from, Name to, std::uint64_t bytes) { connect(from, to), end(from, to).sent += bytes; }
  void receive(Name at, Name from, std::uint64_t bytes) { end(at, from).received += bytes; }
  void acknowledge(Name from, Name to) { end(from, to).acked = end(to, from).received; }
  // An earlier rollback with lost: Allow has put the receiver back.
  void lose(Name at, Name from, std::uint64_t bytes) { end(at, from).received -= bytes; }
  void connect(Name client, Name server) {
    if (pods_[client].ends.contains(server)) return;
    const Endpoint from{address(client), static_cast<std::uint16_t>(40000 + server)}, to{address(server), 80};
    pods_[client].ends[server] = {from, {through_.empty() ? to.address : through_, 80}};
    pods_[server].ends[client] = {to, from};
  }
  void through(std::string service) { through_ = std::move(service); }  // of connections that begin after this
  void close(Name at, Name with) {
    pods_[at].closed.push_back(end(at, with));
    pods_[at].ends.erase(with);
  }
  void datagram(Name from, Name to) {
    ++flow(from, to).sent;
    ++flow(to, from).received;
  }
  void outside(Name at) { pods_[at].ends['!'] = {{address(at), 50000}, {"192.0.2.1", 443}, 1, 1, 1}; }
  void blind(Name at) { pods_[at].observed = false; }

  void checkpoint(Name at, std::uint64_t round = 0) {
    auto& pod = pods_[at];
    auto taken = state(at);
    taken.epoch = round > 0 ? Epoch{round} : own_checkpoint(taken.index);
    pod.history.push_back(std::move(taken));
    pod.closed.clear();
    pod.observed = true;
  }
  void snapshot(const std::string& members, std::uint64_t round) {
    for (const auto name : members) checkpoint(name, round);
  }

  [[nodiscard]] LocalCheckpoint state(Name at) {
    auto& pod = pods_[at];
    LocalCheckpoint out;
    out.index = CheckpointIndex{pod.history.size() + 1};
    out.parent = CheckpointIndex{pod.history.size()};
    for (const auto& [with, counters] : pod.ends) out.counters.push_back(counters);
    out.closed = pod.closed;
    for (const auto& [with, flow] : pod.flows) out.flows.push_back(flow);
    out.observed = pod.observed;
    return out;
  }
  [[nodiscard]] const std::vector<LocalCheckpoint>& checkpoints(Name at) { return pods_[at].history; }
  [[nodiscard]] static PodUid uid(Name name) { return {std::string(1, name)}; }
  [[nodiscard]] static std::string address(Name name) { return fmt::format("10.0.0.{}", name - 'a' + 1); }

  // Everybody's history; those in `failed` have no present.
  [[nodiscard]] std::vector<LinePod> after_failure_of(const std::string& failed) {
    std::vector<LinePod> out;
    for (const auto& [name, pod] : pods_) {
      LinePod of{{uid(name), {address(name)}, std::vector<std::string>{"10.96.0.1"}, {pod.history, {}}}, true, {}};
      if (failed.find(name) == std::string::npos) of.pod.history.present = state(name);
      of.lives = of.pod.history.present.has_value();
      out.push_back(std::move(of));
    }
    return out;
  }

 private:
  struct Pod {
    std::vector<LocalCheckpoint> history;
    std::map<Name, Counters> ends;
    std::map<Name, Flow> flows;
    CounterTable closed;
    bool observed = true;
  };
  Counters& end(Name at, Name with) { return pods_.at(at).ends.at(with); }
  Flow& flow(Name at, Name with) {
    return pods_[at].flows.try_emplace(with, Flow{address(at), address(with)}).first->second;
  }

  std::map<Name, Pod> pods_;
  std::string through_;
};

}  // namespace cutline::protocol
