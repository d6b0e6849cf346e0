// "An independent watchdog opens the gate by the deadline" when the sidecar is killed; and a rollback's gate fails
// closed.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/integration/gate/gated.hpp"

namespace cutline::gate {
namespace {

using namespace std::chrono_literals;
using namespace testing_net;

struct AKilledSidecar : Gated, testing::TestWithParam<GateKind> {
  // Another process closes the gate and is killed with -9.
  void close_and_die(std::optional<Millis> deadline) {
    int ready[2];
    ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
    const Fd in{ready[0]};
    Fd out{ready[1]};
    pid_t sidecar = 0;
    net.a.run([&] {
      sidecar = ::fork();
      if (sidecar != 0) return;
      auto gate = Gate::install(GetParam(), control_port);
      if (!gate || !gate->close(deadline)) ::_exit(1);
      (void)::write(out.get(), "c", 1);
      for (;;) ::pause();
    });
    ASSERT_GT(sidecar, 0);
    out.reset();
    char told = 0;
    const bool closed = ::read(in.get(), &told, 1) == 1;
    ASSERT_EQ(::kill(sidecar, SIGKILL), 0);
    ASSERT_EQ(::waitpid(sidecar, nullptr, 0), sidecar);
    ASSERT_TRUE(closed) << "the process could not close its gate";
  }
};
INSTANTIATE_TEST_SUITE_P(Kinds, AKilledSidecar, testing::Values(GateKind::Queue, GateKind::Drop),
                         [](const auto& kind) { return kind.param == GateKind::Queue ? "Queue" : "Drop"; });

TEST_P(AKilledSidecar, LeavesAGateThatTheKernelOpensAtTheDeadlineNotEarlier) {
  const auto start = std::chrono::steady_clock::now();
  close_and_die(400ms);
  send_all(client, "held");
  ASSERT_TRUE(readable(server, 20s));
  EXPECT_GE(std::chrono::steady_clock::now() - start, 400ms);
  EXPECT_EQ(receive(server, 4), "held");  // by TCP's own retransmission
}

TEST_P(AKilledSidecar, LeavesAGateWithoutADeadlineClosed) {
  close_and_die(std::nullopt);
  send_all(client, "held");
  EXPECT_FALSE(readable(server, 700ms));
}

TEST_P(AKilledSidecar, FindsItsGateStillClosedWhenItStartsAgain) {
  close_and_die(std::nullopt);
  auto gate = install(GetParam());
  EXPECT_TRUE(gate.state()->closed);
  EXPECT_FALSE(gate.state()->opens_in);
  send_all(client, "held");
  EXPECT_FALSE(readable(server, 50ms));
  ASSERT_OK(gate.open());
  EXPECT_EQ(receive(server, 4), "held");
}

TEST_P(AKilledSidecar, FindsTheDeadlineAsItWas) {
  close_and_die(10s);
  auto gate = install(GetParam());
  EXPECT_TRUE(gate.state()->closed);
  EXPECT_GT(gate.state()->opens_in, 8s);
  EXPECT_LE(gate.state()->opens_in, 10s + kernel_margin);
}

TEST_P(AKilledSidecar, StillLetsLoopbackPassBehindItsClosedGate) {
  close_and_die(std::nullopt);
  std::uint16_t local = 0;
  auto inside = listen_tcp(net.a, "127.0.0.1", local);
  EXPECT_NO_THROW((void)connect_tcp(net.a, "127.0.0.1", local));
}

}  // namespace
}  // namespace cutline::gate
