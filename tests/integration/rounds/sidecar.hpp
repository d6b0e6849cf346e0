// Everything that a round works on, in the pod in a box, over containers that the test has started.
#pragma once

#include "sidecar/remote/remote.hpp"
#include "sidecar/rounds/history.hpp"
#include "sidecar/rounds/put_back.hpp"
#include "sidecar/rounds/save.hpp"
#include "tests/integration/pod/container.hpp"

namespace cutline::test {

// Launchers over the box's own links to them.
class BoxLaunchers : public sidecar::Launchers {
 public:
  explicit BoxLaunchers(const std::vector<Container*>& containers);

  [[nodiscard]] Result<std::vector<sidecar::Container>> containers() const override;
  [[nodiscard]] Status guard(Millis limit, Deadline deadline) override;
  [[nodiscard]] Status unguard(Deadline deadline) override;
  [[nodiscard]] Status hold(Deadline deadline) override;
  [[nodiscard]] Status adopt(const std::string& container, criu::ExitWatch watch) override;
  void set_grace(Millis) override {}  // a hub's business: tests/integration/launchers
  void saved() override {}
  [[nodiscard]] std::vector<protocol::Failure> failures() const override { return {}; }

  std::function<void()> after_guard;  // misfortunes between CRIU's start and the freeze

 private:
  struct Box {
    Container* container;
    launcher::Phase phase = launcher::Phase::Running;
    std::optional<criu::ExitWatch> watch;
  };
  std::vector<Box> boxes_;
};

// Ends the test with the error's message when it cannot be made. The containers stay the caller's.
class Sidecar {
 public:
  // `store`: an existing folder; empty: one of the pod's own.
  explicit Sidecar(const std::vector<Container*>& containers, std::string store = {});
  // Over a real hub, which must outlive it.
  Sidecar(sidecar::Launchers& launchers, std::string store);

  [[nodiscard]] Result<protocol::LocalCheckpoint> save(Epoch epoch, protocol::SaveOptions options = {});
  // Prepare of a rollback in epoch `checkpoint` + 100, and its second phase.
  [[nodiscard]] Status verify(const protocol::LocalCheckpoint& checkpoint,
                              std::vector<protocol::Connection> external = {});
  [[nodiscard]] Result<protocol::Timings> put_back(Epoch checkpoint);

  // As if this process had ended and begun again: all is made anew from what is on disk and in the kernel.
  void restart();

  [[nodiscard]] gate::Gate& gate() { return *gate_; }
  [[nodiscard]] store::Store& store() { return *store_; }
  [[nodiscard]] BoxLaunchers& launchers() { return *box_; }
  // For a shell over it: what it works on, and what is on disk.
  [[nodiscard]] sidecar::PodParts& parts() { return *parts_; }
  [[nodiscard]] sidecar::History& history() { return *history_; }
  [[nodiscard]] sidecar::Remote& remote() { return *remote_; }
  [[nodiscard]] protocol::participant::Durable recorded() const;
  [[nodiscard]] protocol::Configure configured() const;

 private:
  void open();

  std::string folder_;
  std::optional<BoxLaunchers> box_;
  sidecar::Launchers& launchers_;
  std::optional<criu::Runner> criu_;
  std::optional<store::Store> store_;
  std::optional<gate::Gate> gate_;
  std::optional<sidecar::History> history_;
  std::optional<sockets::Tracker> tracker_;
  std::optional<sidecar::PodParts> parts_;
  std::optional<sidecar::Remote> remote_;
};

}  // namespace cutline::test
