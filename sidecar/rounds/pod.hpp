// What a round works on: this pod's containers, gate, sockets and store. References; main owns all of it.
#pragma once

#include "sidecar/criu/runner.hpp"
#include "sidecar/gate/gate.hpp"
#include "sidecar/launchers/launchers.hpp"
#include "sidecar/sockets/tracker.hpp"
#include "sidecar/store/store.hpp"

namespace cutline::sidecar {

struct PodParts {
  PodUid uid;
  PodName name;
  Launchers& launchers;
  gate::Gate& gate;
  sockets::Tracker& tracker;
  const store::Store& store;
  const criu::Runner& criu;
  std::string work;  // a folder for CRIU's logs
  std::uint16_t control_port = 0;
  bool sees_closings = true;              // this kernel tells which connections close
  bool sees_datagrams = true;             // ... and counts datagrams
  std::optional<Instant> gate_closed_at;  // of the round that runs
  Bytes written{};                        // into files, by the restore that ran last
};

// A part of a checkpoint that belongs to no container: what must be known of the pod as a whole.
inline constexpr const char* kPodPart = "cutline-pod";
inline constexpr const char* kLoopbackFile = "loopback.json";  // connections of the pod with itself
// Beside the store's folders: what the rollback that is prepared must close. Written before it may begin.
inline constexpr const char* kExternalFile = "external.json";

}  // namespace cutline::sidecar
