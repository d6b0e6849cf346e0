// What it costs the traffic to see who talks to whom: transfers a second over lasting connections between two network
// namespaces, as the ledger's, with tracking off over on. On: datagrams counted beside the gate, closing connections
// listened to, a look each second. Off: the same gate without. Short turns of both, interleaved, over the very same
// connections.
#include <sys/resource.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>

#include "bench/lib/figures.hpp"
#include "sidecar/gate/gate.hpp"
#include "sidecar/sockets/dump.hpp"
#include "sidecar/sockets/tracker.hpp"
#include "tests/integration/sockets/netns.hpp"

namespace {

using namespace cutline;
using namespace cutline::bench;
using namespace cutline::testing_net;
using namespace std::chrono_literals;

constexpr std::uint16_t kControlPort = 7077;
constexpr int kConnections = 4;
constexpr int kRuns = 100;  // of both
constexpr auto kTurn = 100ms;
constexpr std::size_t kTransfer = 40;

template <class T>
T must(Result<T> result) {
  if (!result) die(result.error().message);
  return *std::move(result);
}

// One transfer there, one back, for as long as it lives.
class Pair {
 public:
  Pair(Joined& net, const Fd& listener, std::uint16_t port)
      : client_(connect_tcp(net.a, "10.77.0.2", port)),
        server_(accept_tcp(listener)),
        echo_([this] { turn(server_, false); }),
        ping_([this] { turn(client_, true); }) {}
  ~Pair() {
    ::shutdown(client_.get(), SHUT_RDWR);
    ::shutdown(server_.get(), SHUT_RDWR);
  }
  Pair(const Pair&) = delete;
  [[nodiscard]] std::uint64_t transfers() const { return transfers_; }

 private:
  void turn(const Fd& socket, bool first) {
    char bytes[kTransfer] = {};
    if (first && ::send(socket.get(), bytes, sizeof bytes, MSG_NOSIGNAL) < 0) return;
    while (::recv(socket.get(), bytes, sizeof bytes, MSG_WAITALL) == static_cast<ssize_t>(sizeof bytes)) {
      ++transfers_;
      if (::send(socket.get(), bytes, sizeof bytes, MSG_NOSIGNAL) < 0) return;
    }
  }

  Fd client_, server_;
  std::atomic<std::uint64_t> transfers_ = 0;
  std::jthread echo_, ping_;
};

double cpu_seconds() {
  rusage used{};
  (void)::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

class Bench {
 public:
  Bench() {
    for (int i = 0; i < kConnections; ++i) pairs_.push_back(std::make_unique<Pair>(net_, listener_, port_));
  }

  struct Rate {
    double per_second = 0;
    double us_of_cpu = 0;  // for each
  };
  Rate turn(bool on) {
    track(on);
    const auto start = Clock::now();
    const auto transfers = total();
    const auto cpu = cpu_seconds();
    std::this_thread::sleep_for(kTurn);  // what is measured
    const auto done = static_cast<double>(total() - transfers);
    const auto seconds = ms_since(start) / 1000;
    return {done / seconds, (cpu_seconds() - cpu) * 1e6 / done};
  }

 private:
  void track(bool on) {
    net_.a.run([&] {
      tracker_.reset();
      if (gate_ && !gate_->uninstall()) die("the gate stays");
      gate_.reset();
      gate_.emplace(must(gate::Gate::install(gate::GateKind::Queue, kControlPort, on)));
      if (gate_->counts_datagrams() != on) die("this kernel cannot count datagrams");
      if (!on) return;
      tracker_.emplace(sockets::Bases{}, must(sockets::Closings::start()),
                       sockets::TrackerOptions{.spare = kControlPort});
      // Once a second, as the sidecar does: turns are shorter.
      if (looks_++ % (1s / kTurn) == 0) tracker_->look(must(sockets::tcp_sockets(Deadline::after(30s))));
    });
  }
  [[nodiscard]] std::uint64_t total() const {
    std::uint64_t out = 0;
    for (const auto& pair : pairs_) out += pair->transfers();
    return out;
  }

  Joined net_;
  std::uint16_t port_ = 0;
  Fd listener_ = listen_tcp(net_.b, "10.77.0.2", port_);
  std::optional<gate::Gate> gate_;
  std::optional<sockets::Tracker> tracker_;
  int looks_ = 0;
  std::vector<std::unique_ptr<Pair>> pairs_;
};

}  // namespace

int main() {
  Bench bench;
  (void)bench.turn(true);  // warm
  std::vector<double> off, on, ratios, cpu_ratios;
  for (int run = 0; run < kRuns; ++run) {
    Bench::Rate rates[2];  // off, on
    for (const int which : {run % 2, 1 - run % 2}) rates[which] = bench.turn(which == 1);
    off.push_back(rates[0].per_second / 1000);
    on.push_back(rates[1].per_second / 1000);
    ratios.push_back(rates[0].per_second / rates[1].per_second);
    cpu_ratios.push_back(rates[1].us_of_cpu / rates[0].us_of_cpu);
  }
  fmt::print("{} connections, {} turns of {} ms each way, interleaved\n  {:<44} {:>9} {:>9} {:>9}\n", kConnections,
             kRuns, kTurn.count(), "thousand transfers a second", "min", "median", "max");
  row("tracking off", off);
  row("tracking on", on);
  row("off over on, pair by pair", ratios);
  row("processor time of a transfer, on over off", cpu_ratios);
  fmt::print("{{\"bench\": \"tracking\", \"slowdown\": {:.4f}, \"cpu\": {:.4f}}}\n", median(ratios),
             median(cpu_ratios));
}
