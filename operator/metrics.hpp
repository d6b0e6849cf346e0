// The operator's own figures, in Prometheus' text format. Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "base/ids.hpp"

namespace cutline::op {

class Metrics {
 public:
  Metrics();
  ~Metrics();

  void round_ended(const std::string& kind,
                   const std::string& outcome);  // "snapshot" | "rollback"; "committed", "aborted", ...
  void held(Micros duration);
  void frozen(Micros duration);
  void scheduled(const std::string& outcome,
                 int times);  // of a policy's schedule: "made", "Missed", "MissedDeadline", "StillRunning"
  void reconciled(const std::string& kind, bool ok);
  void injected(bool ok);
  void retired(std::uint64_t bytes);        // a snapshot, by retention
  void uploaded(Bytes bytes, Bytes added);  // of checkpoints, as they go; `added`: what their repository did not have
  void kept(const std::string& outcome);    // of a snapshot: "durable" | "never"
  void repository(const std::string& name, Bytes bytes, std::size_t checkpoints);  // what it holds now
  void checked(const std::string& name, bool intact);
  void repository_gone(const std::string& name);

  [[nodiscard]] std::string text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cutline::op
