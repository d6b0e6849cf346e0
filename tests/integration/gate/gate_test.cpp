#include "sidecar/gate/gate.hpp"

#include <gtest/gtest.h>

#include "tests/integration/sockets/netns.hpp"

namespace cutline::gate {
namespace {

using namespace std::chrono_literals;
using namespace testing_net;

#define ASSERT_OK(expression)                                    \
  do {                                                           \
    const auto& status_ = (expression);                          \
    ASSERT_TRUE(status_.has_value()) << status_.error().message; \
  } while (false)

struct AGate : testing::TestWithParam<GateKind> {
  Joined net;
  std::uint16_t port = 0, free_port = 0;
  Fd listener = listen_tcp(net.b, "10.77.0.2", port);
  Fd client = connect_tcp(net.a, "10.77.0.2", port);
  Fd server = accept_tcp(listener);
  std::optional<Gate> gate;

  void install(GateKind kind) {
    net.a.run([&] {
      auto made = Gate::install(kind, 7077);
      ASSERT_TRUE(made) << made.error().message;
      gate.emplace(std::move(*made));
    });
  }
};

TEST_F(AGate, HoldsWhatIsSentAndLosesNothing) {
  install(GateKind::Queue);
  ASSERT_EQ(gate->kind(), GateKind::Queue);
  send_all(client, "before");
  EXPECT_EQ(receive(server, 6), "before");
  ASSERT_OK(gate->close(5s));
  send_all(client, "out");
  send_all(server, "in");
  EXPECT_FALSE(readable(server, 50ms));
  EXPECT_FALSE(readable(client, 50ms));
  ASSERT_OK(gate->open());
  EXPECT_EQ(receive(server, 3), "out");
  EXPECT_EQ(receive(client, 2), "in");
}

}  // namespace
}  // namespace cutline::gate
