// A sidecar's shell over one running application, that is asked as the operator would ask it.
#pragma once

#include <gtest/gtest.h>

#include <future>

#include "sidecar/rounds/shell.hpp"
#include "tests/integration/criu/saved.hpp"
#include "tests/integration/rounds/sidecar.hpp"

namespace cutline::test {

inline constexpr Millis kHold{30'000};

struct AskedShell : testing::Test {
  Container app = Saving::running({});
  Sidecar sidecar{{&app}};
  std::optional<sidecar::Shell> shell;
  std::uint64_t epoch = 0;

  void SetUp() override { start(); }
  void start() {
    shell.emplace(sidecar.parts(), sidecar.history(), sidecar.remote(), sidecar.recorded(), sidecar.configured());
  }

  // Throws when there is no answer; expect(): also when it is another one, or a refusal.
  protocol::Reply ask(protocol::Command command) {
    auto answered = std::make_shared<std::promise<protocol::Reply>>();
    auto reply = answered->get_future();
    shell->command(std::move(command), [answered](protocol::Reply r) { answered->set_value(std::move(r)); });
    if (reply.wait_for(std::chrono::seconds{60}) != std::future_status::ready) throw std::runtime_error("no answer");
    return reply.get();
  }
  template <class R>
  R expect(protocol::Command command) {
    auto reply = ask(std::move(command));
    if (const auto* refused = std::get_if<protocol::Refused>(&reply)) throw std::runtime_error(refused->why.message);
    return std::get<R>(std::move(reply));
  }

  // A whole round; the checkpoint is kept.
  protocol::LocalCheckpoint snapshot() {
    const Epoch now{++epoch};
    auto acked = expect<protocol::Acked>(protocol::Request{now, kHold, {}});
    acked.checkpoint.digest = expect<protocol::Opened>(protocol::Done{now}).digest;
    return acked.checkpoint;
  }
};

}  // namespace cutline::test
