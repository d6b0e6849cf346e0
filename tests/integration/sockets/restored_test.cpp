// Bases on connections that a real CRIU has saved and restored, with bytes in flight, bytes not sent and bytes not
// read.
#include <cstdlib>
#include <iostream>

#include "sidecar/gate/gate.hpp"
#include "sidecar/sockets/bases.hpp"
#include "sidecar/sockets/destroy.hpp"
#include "tests/integration/criu/saved.hpp"
#include "tests/integration/sockets/netns.hpp"

namespace cutline::sockets {
namespace {

using namespace std::chrono_literals;
using protocol::Counters;
using protocol::CounterTable;
using testing_net::Netns;

constexpr std::uint16_t control_port = 7077;
constexpr std::uint64_t more = 100'000'000;

Sockets live_sockets() { return test::must(tcp_sockets(Deadline::after(5s))); }

// The pod that this process is the sidecar of, and a peer outside of it.
struct Restored : testing::Test {
  Netns peer;
  std::uint16_t port = 0;
  Fd listener, server;
  std::atomic<std::uint64_t> seen = 0;  // bytes that the peer has read
  criu::Runner runner = test::must(criu::Runner::open(test::criu_bundle(), test::criu_cache()));
  std::optional<gate::Gate> gate;
  std::optional<test::Container> app;
  Bases bases;

  void SetUp() override {
    const auto joined = fmt::format(
        "ip link add eth0 type veth peer name eth0 netns {} && ip addr add 10.77.0.1/24 dev eth0 && ip link set eth0 "
        "up",
        peer.tid());
    ASSERT_EQ(std::system(joined.c_str()), 0) << "is iproute2 installed?";  // NOLINT(concurrency-mt-unsafe)
    peer.shell("ip link set lo up && ip addr add 10.77.0.2/24 dev eth0 && ip link set eth0 up");
    listener = testing_net::listen_tcp(peer, "10.77.0.2", port);
    gate.emplace(test::must(gate::Gate::install(gate::GateKind::Queue, control_port)));
    app.emplace(test::must(
        test::Container::start({.command = {"/talker", "10.77.0.2", std::to_string(port), std::to_string(more)},
                                .binds = {{CUTLINE_TALKER, "/talker"}}})));
    server = testing_net::accept_tcp(listener);
    read_on(1000);
    testing_net::send_all(server, std::string(100, 'r'));
    test::must(app->out().wait([](const std::string& text) { return text.contains("ready"); }, test::soon()));
  }

  void read_on(std::uint64_t bytes) {
    for (const auto end = seen + bytes; seen < end;) {
      const auto part = testing_net::receive(server, std::min<std::uint64_t>(end - seen, 100'000));
      std::string expected(part.size(), '\0');
      for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = static_cast<char>((seen + i) % 251);
      ASSERT_TRUE(part == expected) << "the stream is broken after byte " << seen;
      seen += part.size();
    }
  }
  SocketInfo socket() {
    const auto live = live_sockets();
    for (const auto& each : live)
      if (each.remote.port == port) return each;
    throw std::runtime_error("the connection is gone");
  }
  Counters of_peer() {
    CounterTable table;
    peer.run([&] { table = Bases{}.absolute(live_sockets()); });
    return table.at(0);
  }
  // Closes the gate at a moment when bytes are in flight: here, where wires are instant, that takes some tries.
  void close_over_bytes_in_flight() {
    const auto in_flight = [&] {
      const auto now = socket();
      return now.send_queue > now.tcp->not_sent;
    };
    ASSERT_TRUE(testing_net::eventually(10s, [&] {
      test::must(gate->close(std::nullopt));
      if (testing_net::eventually(20ms, in_flight)) return true;
      test::must(gate->open());
      return false;
    }));
  }
  // Freeze, gate, counters, dump; as a participant saves.
  CounterTable save(const std::string& images) {
    test::must(app->freezer().freeze(test::soon()));
    test::must(gate->close(std::nullopt));
    auto table = bases.absolute(live_sockets());
    test::must(runner.dump({app->keeper(), app->launcher(), images, app->freezer()}, test::soon()));
    return table;
  }
  // End, free the tuples, drop what the old processes had sent, restore; as a participant puts back.
  void put_back(const std::string& images, const CounterTable& saved) {
    test::must(test::end_tree(*app));
    test::must(destroy(saved, Which::All, Deadline::after(1s)));
    test::must(gate->discard());
    test::must(test::put_back(runner, *app, images));
  }
};

TEST_F(Restored, AConnectionGoesOnFromTheCheckpointsCountersThroughTwoRollbacks) {
  for (int round = 1; round <= 2; ++round) {
    testing_net::send_all(server, std::string(20, 'u'));  // never read before the end
    read_on(1'000'000);
    // So that the cut finds bytes in flight, and goes on behind it.
    std::jthread reader([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) read_on(100'000);
    });
    close_over_bytes_in_flight();
    const auto images = test::new_folder(fmt::format("images-{}", round));
    const auto saved = save(images);
    ASSERT_EQ(saved.size(), 1u);
    const auto before = socket();
    const auto there = of_peer();
    EXPECT_EQ(saved[0].received, 100u + 20u * static_cast<unsigned>(round));
    EXPECT_LE(saved[0].acked, there.received);
    EXPECT_LE(there.received, saved[0].sent);
    EXPECT_EQ(before.receive_queue, 20u * static_cast<unsigned>(round));

    put_back(images, saved);
    const auto after = socket();
    std::cout << fmt::format(
        "right after restore {}: bytes_acked {} bytes_received {} send queue {} not sent {}; before: receive queue "
        "{} send queue {} not sent {}\n",
        round, after.tcp->acked, after.tcp->received, after.send_queue, after.tcp->not_sent, before.receive_queue,
        before.send_queue, before.tcp->not_sent);
    EXPECT_GT(before.send_queue, before.tcp->not_sent);
    EXPECT_NE(after.cookie, before.cookie);
    EXPECT_EQ(after.tcp->acked, 0u);
    EXPECT_EQ(after.tcp->received, before.receive_queue);
    const auto live = live_sockets();
    EXPECT_TRUE(bases.rebase(saved, live).empty());
    const auto now = bases.absolute(live);
    ASSERT_EQ(now.size(), 1u);
    EXPECT_EQ(now[0].acked, saved[0].acked);
    EXPECT_EQ(now[0].received, saved[0].received);
    EXPECT_GE(now[0].sent, saved[0].sent);
    const auto opened = std::chrono::steady_clock::now();
    const auto read_before = seen.load();
    test::must(gate->open());
    ASSERT_TRUE(testing_net::eventually(30s, [&] { return seen > read_before; }));
    const auto waited = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - opened);
    std::cout << fmt::format("first byte {:.1f} ms after opening\n", waited.count());
    reader.request_stop();
    reader.join();
  }
  read_on(1000 + more - seen);
  EXPECT_EQ(seen, 1000 + more);
  ASSERT_TRUE(testing_net::eventually(5s, [&] {
    const auto all = bases.absolute(live_sockets());
    const auto whole = seen + 1;  // the FIN counts as a byte
    return all.size() == 1 && all[0].acked == whole && all[0].sent == whole && of_peer().received == whole;
  }));
  EXPECT_EQ(bases.absolute(live_sockets())[0].received, of_peer().sent);
}

}  // namespace
}  // namespace cutline::sockets
