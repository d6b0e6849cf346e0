// A container under the sidecar's real hub, and what its rounds do to it.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include "sidecar/launchers/hub.hpp"
#include "tests/integration/criu/saved.hpp"
#include "tests/integration/rounds/sidecar.hpp"

namespace cutline::test {

struct Hubbed : testing::Test {
  const std::string folder = new_folder(fmt::format("hub-{}", ++tests));
  std::unique_ptr<sidecar::Hub> hub = begin_hub();
  Container app = must(Container::start({.command = {"/workload", "exit-on-file"}, .hub = true}));
  Sidecar rounds{*hub, new_folder(fmt::format("hub-store-{}", tests))};

  void SetUp() override { count_on(); }

  // The next one takes over what is on disk, as a sidecar that starts again does.
  [[nodiscard]] std::unique_ptr<sidecar::Hub> begin_hub() const {
    return must(sidecar::Hub::start({.socket = hub_socket(),
                                     .program = launcher_program(),
                                     .expected = {"app"},
                                     .record = folder + "/launchers.json"}));
  }

  static void eventually(const std::function<bool()>& condition, std::string_view what) {
    const auto deadline = soon();
    while (!condition()) {
      if (deadline.passed()) throw std::runtime_error(fmt::format("never came true: {}", what));
      (void)::poll(nullptr, 0, 2);
    }
  }
  [[nodiscard]] sidecar::Container container() const { return must(hub->containers()).at(0); }
  // The application, below the keeper.
  [[nodiscard]] pid_t application() const {
    const auto here = container();
    for (const auto pid : must(here.freezer->pids()))
      if (pid != here.keeper) return pid;
    throw std::runtime_error("no application");
  }
  void count_on() { must(next_numbers(app, app.out().text().size())); }
  void await_failure(const std::string& how) const {
    eventually([&] { return hub->failures() == std::vector<protocol::Failure>{{"app", how}}; }, how);
  }
  // What goes back with /data: the file that makes it exit.
  [[nodiscard]] protocol::LocalCheckpoint save(std::uint64_t epoch = 1) {
    auto saved = must(rounds.save(Epoch{epoch}, {.volumes = {{"app", "/data"}}}));
    must(rounds.gate().open());
    count_on();
    return saved;
  }
  void exit_with(int code) const { must(replace_file(app.data() + "/exit", std::to_string(code))); }
  void roll_back(const protocol::LocalCheckpoint& to) {
    must(rounds.verify(to));
    must(rounds.put_back(to.epoch));
    must(rounds.gate().open());
  }

  static inline int tests = 0;
};

}  // namespace cutline::test
