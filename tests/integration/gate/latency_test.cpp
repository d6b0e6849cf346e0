// How long closing and opening take, and how soon the first byte moves afterwards. Figures go to standard output and
// the report; the bounds are wide, as the machine is shared.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <iostream>

#include "tests/integration/gate/gated.hpp"

namespace cutline::gate {
namespace {

using namespace std::chrono_literals;
using namespace testing_net;
using Clock = std::chrono::steady_clock;

double milliseconds(Clock::duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.at(values.size() / 2);
}

struct Latency : Gated, testing::TestWithParam<GateKind> {};
INSTANTIATE_TEST_SUITE_P(Kinds, Latency, testing::Values(GateKind::Queue, GateKind::Drop),
                         [](const auto& kind) { return kind.param == GateKind::Queue ? "Queue" : "Drop"; });

// A ping-pong that never stops is cut by a gate of 100 ms.
TEST_P(Latency, OfTheFirstByteAfterAGateOf100Milliseconds) {
  auto gate = install(GetParam());
  std::atomic<std::uint64_t> turns = 0;
  std::atomic<bool> stop = false;
  std::jthread echo([&] {
    char byte = 0;
    while (::recv(server.get(), &byte, 1, 0) == 1) send_all(server, {&byte, 1});
  });
  std::jthread ping([&] {
    while (!stop) {
      send_all(client, "p");
      (void)receive(client, 1);
      ++turns;
    }
    ::shutdown(client.get(), SHUT_WR);
  });
  std::vector<double> closing, opening, first_byte;
  for (int round = 0; round < 11; ++round) {
    const auto before = turns.load();
    ASSERT_TRUE(eventually(5s, [&] { return turns > before + 10; }));
    const auto start = Clock::now();
    ASSERT_OK(gate.close(5s));
    closing.push_back(milliseconds(Clock::now() - start));
    std::this_thread::sleep_until(start + 100ms);  // the length of the gate is what is measured
    const auto held = turns.load();
    const auto opened = Clock::now();
    ASSERT_OK(gate.open());
    opening.push_back(milliseconds(Clock::now() - opened));
    while (turns == held && Clock::now() < opened + 10s) std::this_thread::yield();
    first_byte.push_back(milliseconds(Clock::now() - opened));
  }
  stop = true;
  ping.join();
  echo.join();
  std::cout << fmt::format(
      "close {:.3f} ms, open {:.3f} ms, first byte {:.3f} ms after opening began (medians of 11)\n", median(closing),
      median(opening), median(first_byte));
  RecordProperty("close_us", static_cast<int>(median(closing) * 1000));
  RecordProperty("open_us", static_cast<int>(median(opening) * 1000));
  RecordProperty("first_byte_us", static_cast<int>(median(first_byte) * 1000));
  EXPECT_LT(median(closing), 50);
  EXPECT_LT(median(opening), 50);
  EXPECT_LT(median(first_byte), GetParam() == GateKind::Queue ? 20 : 2000);
}

}  // namespace
}  // namespace cutline::gate
