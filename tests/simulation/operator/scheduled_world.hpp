// An API server with one policy and its snapshots, a clock, and an operator that carries out the schedule and can die
// before each of its effects. The decisions and records are the operator's own code; the order of effects is that of
// operator/schedule/reconcile.cpp.
#pragma once

#include <limits>
#include <map>
#include <set>

#include "operator/schedule/record.hpp"

namespace cutline::test {

using kube::Json;
using op::schedule::Time;

class ScheduledWorld {
 public:
  explicit ScheduledWorld(const Json& spec);

  void pass(std::chrono::milliseconds time) { now_ += time; }
  // The operator looks, and goes on until it waits; or dies before its `effects`th effect. Between effects `pause`
  // passes.
  static constexpr int kLives = std::numeric_limits<int>::max();
  void turn(int effects = kLives, std::chrono::milliseconds pause = {});

  void suspend(bool suspended);
  void end_snapshots();     // all that have begun are released
  void delete_snapshots();  // those that have ended, and that the status knows

  [[nodiscard]] std::chrono::system_clock::time_point now() const { return now_; }
  [[nodiscard]] Time made_at() const;  // the policy
  [[nodiscard]] bool suspended() const;
  [[nodiscard]] const std::map<Time, int>& creations() const {
    return creations_;
  }  // how often, also of what was deleted since
  // An event said that it was left out: for this reason, or for any.
  [[nodiscard]] bool told_of(Time due, const std::string& reason = "") const;
  [[nodiscard]] bool running() const;  // a snapshot has not ended
  [[nodiscard]] std::string story() const;

 private:
  [[nodiscard]] std::vector<Json> snapshots() const;
  [[nodiscard]] bool alive(int& effects, std::chrono::milliseconds pause);
  [[nodiscard]] bool fire(const op::schedule::Fire& fire, int& effects, std::chrono::milliseconds pause);
  void tell(const std::optional<op::schedule::Missed>& missed, Time before);

  std::chrono::system_clock::time_point now_;
  Json policy_;
  std::map<std::string, Json> snapshots_;
  std::map<Time, int> creations_;
  struct Told {
    Time from, to;
    std::string reason;
  };
  std::vector<Told> told_;
  std::vector<std::string> story_;
};

}  // namespace cutline::test
