// Pods that connect, send, receive, acknowledge, close, abort, and take local checkpoints whenever they like. Every
// connection is known by a number of its own, so what a pod's state contains is known for a fact, whatever endpoints
// and counters it shows.
#pragma once

#include <array>
#include <map>
#include <set>

#include "../../simulation/protocol/choices.hpp"
#include "protocol/line.hpp"

namespace cutline::protocol {

struct Habits {
  bool services = false;        // clients dial an address that is nobody's
  bool shared_service = false;  // one that leads to any pod
  bool attempts = false;        // connections that the server never sees, or that never carry anything
  bool reuse = false;           // few client ports: endpoints are used again and again
  bool datagrams = false;       // none is lost
  bool blind = false;           // now and then closings are not seen
  bool outside = false;         // connections to an address outside of the workload
  unsigned checkpoints = 12;    // of a hundred steps
  std::uint64_t at_once = 4;    // the most bytes of one step
  std::size_t limit = 5;        // checkpoints per pod
};

class Traffic {
 public:
  struct End {
    Presence presence = Presence::Absent;
    Amounts amounts;
    bool operator==(const End&) const = default;
  };
  using Mine = std::map<std::pair<std::size_t, int>, End>;  // connection and side: what one pod's state has of it
  using Received = std::map<std::size_t, Amounts>;          // datagrams, by the other pod

  struct State {
    Mine ends;
    Received datagrams;
  };

  Traffic(std::size_t pods, Habits habits, simulation::Choices choices);

  void run() { run(static_cast<std::size_t>(-1)); }
  void run(std::size_t steps);  // or until the choices are used up
  [[nodiscard]] bool left() const { return choices_.left(); }
  void no_more_checkpoints() { habits_.limit = 0; }

  [[nodiscard]] std::size_t pods() const { return pods_.size(); }
  [[nodiscard]] PodHistory history(std::size_t pod, bool with_present = true) const;
  // The truth at each point: start, checkpoints, present.
  [[nodiscard]] const std::vector<State>& checkpoints(std::size_t pod) const { return pods_[pod].truth; }
  [[nodiscard]] State now(std::size_t pod) const;
  [[nodiscard]] std::size_t ends_of(std::size_t connection, int side) const {
    return connections_[connection].pod[static_cast<std::size_t>(side)];
  }
  [[nodiscard]] std::size_t connections() const { return connections_.size(); }
  [[nodiscard]] const std::vector<LocalCheckpoint>& records(std::size_t pod) const { return pods_[pod].records; }
  // Forgets checkpoints: only these records are left (and their truth, by index).
  void keep(std::size_t pod, std::vector<LocalCheckpoint> records) { pods_[pod].records = std::move(records); }
  void checkpoint(std::size_t pod, Epoch epoch = {});
  [[nodiscard]] std::string told() const;

 private:
  struct Connected {
    std::array<std::size_t, 2> pod{};  // client, server
    Endpoint client, server, dialled;
    std::array<End, 2> ends;
    bool refused = false;  // the server will never see it
  };
  struct Pod {
    std::vector<LocalCheckpoint> records;
    std::vector<State> truth{State{}};
    CounterTable closed;
    bool observed = true;
    std::uint64_t taken = 0;
    std::map<std::size_t, Amounts> datagrams;
    CounterTable outside;
  };

  void step();
  void connect();
  void move(std::size_t connection, int side);
  void close(std::size_t connection, int side);
  [[nodiscard]] LocalCheckpoint record(std::size_t pod) const;
  [[nodiscard]] Counters shown(const Connected& c, int side) const;
  [[nodiscard]] bool free(const Endpoint& client, const Endpoint& dialled, const Endpoint& server) const;

  Habits habits_;
  simulation::Choices choices_;
  std::vector<Pod> pods_;
  std::vector<Connected> connections_;
  std::vector<std::size_t> living_;  // connections of which an end is not closed yet
  std::uint16_t next_port_ = 40000;
};

}  // namespace cutline::protocol
