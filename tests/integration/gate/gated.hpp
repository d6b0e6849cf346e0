// A pod (namespace a) with a connection to another (b), and a gate in the first.
#pragma once

#include <gtest/gtest.h>

#include "sidecar/gate/gate.hpp"
#include "tests/integration/sockets/netns.hpp"

#define ASSERT_OK(expression)                                    \
  do {                                                           \
    const auto& status_ = (expression);                          \
    ASSERT_TRUE(status_.has_value()) << status_.error().message; \
  } while (false)

namespace cutline::gate {

struct Gated {
  static constexpr std::uint16_t control_port = 7077;
  testing_net::Joined net;
  std::uint16_t port = 0;
  Fd listener = testing_net::listen_tcp(net.b, "10.77.0.2", port);
  Fd client = testing_net::connect_tcp(net.a, "10.77.0.2", port);
  Fd server = testing_net::accept_tcp(listener);

  Gate install(GateKind kind) {
    std::optional<Gate> out;
    net.a.run([&] {
      auto made = Gate::install(kind, control_port);
      if (!made) throw std::runtime_error(made.error().message);
      out.emplace(std::move(*made));
    });
    return std::move(*out);
  }
};

}  // namespace cutline::gate
