// How long the recovery line takes beside one plain pass over the same counters, in the worst case: the domino effect
// to the very start, in which every pod gives up every checkpoint it has. Needs nothing but the machine.
//
// Pods take checkpoints in turn and talk to one another without a pause, each with every other on a connection of its
// own; so whatever a checkpoint has received, its sender's last one has not sent. "Linear": the time per counter from
// 10,000 to 10,000,000.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "bench/lib/figures.hpp"
#include "protocol/cascade.hpp"
#include "protocol/line.hpp"

namespace {

using namespace cutline;
using namespace cutline::bench;
using protocol::Dependencies;

struct Size {
  std::uint32_t pods, checkpoints;
};

// Counters of every connection, at every checkpoint of both of its ends. Time goes in ticks; pod p takes its k-th
// checkpoint at tick k * pods + p, and a connection carries a few bytes in each.
Dependencies worst_case(const Size& size) {
  const std::uint32_t points = size.checkpoints + 2;  // the start, the checkpoints, the present
  std::mt19937_64 random{42};
  std::vector<Dependencies::Channel> channels;
  for (std::uint32_t x = 0; x < size.pods; ++x) {
    for (std::uint32_t y = 0; y < size.pods; ++y) {
      if (x == y) continue;
      Dependencies::Channel channel{x, y, std::vector<std::uint64_t>(points), std::vector<std::uint64_t>(points)};
      std::uint64_t bytes = 0, tick = 0;
      const auto bytes_at = [&](std::uint64_t when) {
        for (; tick < when; ++tick) bytes += 1 + random() % 1000;
        return bytes;
      };
      for (std::uint32_t k = 1; k < points; ++k) {
        const std::uint64_t at_x = (std::uint64_t{k} + 1) * size.pods - x,
                            at_y = (std::uint64_t{k} + 1) * size.pods - y;
        if (at_x < at_y) channel.provide[k] = bytes_at(at_x);
        channel.need[k] = bytes_at(at_y);
        if (at_x > at_y) channel.provide[k] = bytes_at(at_x);
      }
      channels.push_back(std::move(channel));
    }
  }
  return {std::vector<std::uint32_t>(size.pods, points), channels};
}

std::uint64_t plain_pass(const Dependencies& counters) {
  std::uint64_t sum = 0;
  for (const auto value : counters.provided()) sum += value;
  for (const auto value : counters.needed()) sum += value;
  return sum;
}

void line(const Dependencies& counters, const Size& size) {
  std::vector<std::uint32_t> at(size.pods, size.checkpoints + 1);
  std::vector<bool> failed(size.pods);
  at[0] = size.checkpoints;
  failed[0] = true;
  const auto settled = counters.settle(std::move(at), failed, 0);
  const bool all_to_the_start = std::ranges::all_of(settled.at, [](auto point) { return point == 0; });
  if (all_to_the_start && settled.falls.size() >= std::size_t{size.pods} * size.checkpoints) return;
  fmt::print(stderr, "recovery-line: the cascade did not stop at every checkpoint, so this is not the worst case\n");
  std::exit(1);
}

struct Figure {
  std::size_t counters = 0;
  double pass = 0, line = 0;  // ms
  [[nodiscard]] double ratio() const { return line / pass; }
};

Figure measure(const Size& size, int runs) {
  const auto counters = worst_case(size);
  std::vector<double> passes, lines;
  volatile std::uint64_t sink = plain_pass(counters);  // warm
  line(counters, size);
  for (int i = 0; i < runs; ++i) {  // interleaved: both see the same machine
    const auto before = Clock::now();
    sink = plain_pass(counters);
    passes.push_back(ms_since(before));
    const auto between = Clock::now();
    line(counters, size);
    lines.push_back(ms_since(between));
  }
  static_cast<void>(sink);
  return {counters.counters(), median(passes), median(lines)};
}

// The whole way, from what the pods tell to the line: endpoints as text, pairing, channels, cascade.
void from_histories() {
  constexpr unsigned kPods = 25, kCheckpoints = 80;
  std::vector<protocol::LinePod> pods(kPods);
  std::size_t counters = 0;
  const auto address = [](unsigned pod) { return fmt::format("10.0.0.{}", pod + 1); };
  for (unsigned p = 0; p < kPods; ++p) {
    pods[p].pod = {{std::to_string(p)}, {address(p)}, {}, {}};
    auto& history = pods[p].pod.history;
    for (unsigned k = 1; k <= kCheckpoints + 1; ++k) {
      protocol::LocalCheckpoint state;
      state.index = CheckpointIndex{k};
      const std::uint64_t bytes = 1000 * (std::uint64_t{k + 1} * kPods - p);
      for (unsigned q = 0; q < kPods; ++q) {
        if (p == q) continue;
        const auto port = [](unsigned client, unsigned server) {
          return static_cast<std::uint16_t>(client < server ? 40000 + server : 80);
        };
        state.counters.push_back({{address(p), port(p, q)}, {address(q), port(q, p)}, bytes, bytes, bytes});
      }
      counters += 3 * state.counters.size();
      if (k <= kCheckpoints)
        history.checkpoints.push_back(std::move(state));
      else if (p > 0)
        history.present = std::move(state);
    }
    pods[p].lives = p > 0;
  }
  std::vector<double> samples;
  for (int i = 0; i < 7; ++i) {
    const auto before = Clock::now();
    const auto found = protocol::recovery_line(pods, {protocol::Lost::Allow, true});
    samples.push_back(ms_since(before));
    if (!std::holds_alternative<protocol::Line>(found)) std::exit(1);
  }
  fmt::print("  from histories, endpoints as text: {} counters in {:.1f} ms, {:.0f} ns/counter\n", counters,
             median(samples), median(samples) * 1e6 / static_cast<double>(counters));
}

}  // namespace

int main() {
  fmt::print("the recovery line, every pod back to its start\n  {:>5} {:>12} {:>11} {:>12} {:>12} {:>12} {:>7}\n",
             "pods", "checkpoints", "counters", "a pass, ms", "the line, ms", "ns/counter", "ratio");
  double ratio = 0;
  for (const auto& [size, runs] : {std::pair{Size{8, 87}, 201}, std::pair{Size{25, 81}, 101},
                                   std::pair{Size{64, 122}, 51}, std::pair{Size{128, 305}, 11}}) {
    const auto figure = measure(size, runs);
    fmt::print("  {:>5} {:>12} {:>11} {:>12.3f} {:>12.3f} {:>12.2f} {:>7.2f}\n", size.pods, size.checkpoints,
               figure.counters, figure.pass, figure.line, figure.line * 1e6 / static_cast<double>(figure.counters),
               figure.ratio());
    if (figure.counters < 2'000'000 && figure.counters > 900'000) ratio = figure.ratio();
  }
  from_histories();
  fmt::print("{{\"bench\": \"recovery-line\", \"counters\": 1000000, \"ratio\": {:.2f}}}\n", ratio);
}
