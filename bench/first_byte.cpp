// How soon the first byte moves after a gate of 100 ms has opened: two network namespaces, one TCP ping-pong that never
// stops, cut by the real gate; by Queue, and beside it by Drop, whose packets TCP must send again.
#include <sys/socket.h>

#include <atomic>
#include <thread>

#include "bench/lib/figures.hpp"
#include "sidecar/gate/gate.hpp"
#include "tests/integration/sockets/netns.hpp"

namespace {

using namespace cutline;
using namespace cutline::bench;
using namespace cutline::testing_net;
using namespace std::chrono_literals;

constexpr std::uint16_t kControlPort = 7077;
constexpr int kRuns = 31;

// Turns of a ping-pong over one connection, for as long as it lives.
class PingPong {
 public:
  PingPong(const Fd& client, const Fd& server)
      : echo_([&server] {
          char byte = 0;
          while (::recv(server.get(), &byte, 1, 0) == 1) send_all(server, {&byte, 1});
        }),
        ping_([this, &client](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            send_all(client, "p");
            (void)receive(client, 1);
            ++turns_;
          }
          ::shutdown(client.get(), SHUT_WR);
        }) {}
  [[nodiscard]] std::uint64_t turns() const { return turns_; }
  void wait_beyond(std::uint64_t turn) const {
    while (turns_ <= turn) std::this_thread::yield();
  }

 private:
  std::atomic<std::uint64_t> turns_ = 0;
  std::jthread echo_;
  std::jthread ping_;
};

std::vector<double> first_bytes(protocol::GateKind kind) {
  Joined net;
  std::uint16_t port = 0;
  const Fd listener = listen_tcp(net.b, "10.77.0.2", port);
  const Fd client = connect_tcp(net.a, "10.77.0.2", port);
  const Fd server = accept_tcp(listener);
  std::optional<gate::Gate> gate;
  net.a.run([&] {
    auto made = gate::Gate::install(kind, kControlPort);
    if (!made) die(made.error().message);
    gate.emplace(std::move(*made));
  });
  if (gate->kind() != kind) die("this kernel cannot queue");
  const PingPong talk{client, server};
  std::vector<double> out;
  for (int run = 0; run < kRuns; ++run) {
    talk.wait_beyond(talk.turns() + 10);
    check(gate->close(5s));
    std::this_thread::sleep_for(100ms);  // the gate's length is what is measured
    const auto held = talk.turns();
    const auto opened = Clock::now();
    check(gate->open());
    talk.wait_beyond(held);
    out.push_back(ms_since(opened));
  }
  return out;
}

}  // namespace

int main() {
  const auto queue = first_bytes(protocol::GateKind::Queue);
  const auto drop = first_bytes(protocol::GateKind::Drop);
  headline("from the beginning of opening to the first byte, after a gate of 100 ms");
  row("Queue: packets wait in the kernel (NFQUEUE)", queue);
  row("Drop: TCP sends again", drop);
  fmt::print("{{\"bench\": \"first-byte\", \"median_ms\": {:.3f}, \"drop_median_ms\": {:.3f}, \"max_ms\": {:.3f}}}\n",
             median(queue), median(drop), quantile(queue, 1));
}
