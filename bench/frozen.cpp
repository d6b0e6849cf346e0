// How long an application stands still for a checkpoint: Cutline's own save, from the freeze to the thaw (freeze,
// drain, gate, counters, CRIU, files), beside CRIU alone on the same process: the same bundle, images in the same
// tmpfs, a plain `criu dump --leave-running`; once by what CRIU itself says of its frozen time (stats-dump:
// freezing_time + frozen_time), once by the clock around the command. In the pod in a box, whose library brings main()
// with GoogleTest; bench/run leaves out what that says.
#include <fcntl.h>
#include <gtest/gtest.h>

#include "bench/lib/figures.hpp"
#include "sidecar/criu/arguments.hpp"
#include "sidecar/criu/inside.hpp"
#include "sidecar/criu/record.hpp"
#include "tests/integration/criu/saved.hpp"
#include "tests/integration/rounds/sidecar.hpp"
#include "tests/integration/store/temporary.hpp"

namespace cutline::bench {
namespace {

using namespace cutline::test;

constexpr int kWarm = 3;
constexpr int kRuns = 15;

// stats-dump: two magic numbers, a length, and a StatsEntry { DumpStatsEntry dump = 1; }, whose fields 1 and 2 are
// freezing_time and frozen_time in microseconds, varints like all before them.
double own_frozen_ms(const std::string& path) {
  const auto image = must(read_file(path));
  auto at = std::size_t{12};
  const auto varint = [&] {
    std::uint64_t out = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(image.at(at++));
      out |= std::uint64_t{byte & 0x7FU} << shift;
      if ((byte & 0x80U) == 0) return out;
    }
  };
  if (varint() != ((1U << 3U) | 2U)) throw std::runtime_error(path + ": not a dump's statistics");
  (void)varint();  // its length
  std::uint64_t sum = 0;
  for (const unsigned field : {1U, 2U}) {
    if (varint() != field << 3U) throw std::runtime_error(path + ": no frozen time");
    sum += varint();
  }
  return static_cast<double>(sum) / 1000;
}

struct Alone {
  double own = 0;
  double wall = 0;
};

Alone criu_alone(const criu::Bundle& bundle, const test::Container& app, const std::filesystem::path& images) {
  std::filesystem::remove_all(images);
  std::filesystem::create_directory(images);
  const auto folder = must(open_file(images, O_RDONLY | O_DIRECTORY));
  auto child = criu::criu_child(bundle, "dump", folder.get(), folder.get(), "dump.log");
  child.arguments.insert(child.arguments.end(),
                         {"--leave-running", "--network-lock", "skip", "--tree", std::to_string(app.keeper())});
  for (const auto& stream : criu::streams_of(app.launcher()))
    child.arguments.insert(child.arguments.end(), {"--external", fmt::format("pipe[{}]", stream.inode)});
  const auto inside = must(criu::Namespaces::of(app.keeper()));
  Result<Ended> ended = Ended{};
  const auto start = Clock::now();
  must(inside.run(false, [&] { ended = child.run(soon()); }));
  const auto wall = ms_since(start);
  if (must(std::move(ended)).code != 0)
    throw std::runtime_error("criu dump failed: " + must(read_file(images / "dump.log")));
  return {own_frozen_ms(images / "stats-dump"), wall};
}

struct Samples {
  std::vector<double> own, wall, cutline;
  [[nodiscard]] double ratio() const { return median(cutline) / median(own); }
};

Samples measure(int mib) {
  auto app =
      Saving::running({.name = fmt::format("memory-{}", mib), .command = {"/workload", "memory", std::to_string(mib)}});
  store::Temporary memory;
  memory.limit("1g");
  Sidecar sidecar{{&app}, memory.path()};
  const auto bundle = must(criu::open_bundle(criu_bundle(), criu_cache()));
  Samples out;
  for (int run = 0; run < kWarm + kRuns; ++run) {  // interleaved: both see the same machine
    const auto alone = criu_alone(bundle, app, memory.path() / "alone");
    std::filesystem::remove_all(memory.path() / "alone");
    const Epoch epoch{static_cast<std::uint64_t>(run) + 1};
    const auto saved = must(sidecar.save(epoch));
    must(sidecar.gate().open());
    must(sidecar.store().discard(epoch));
    if (run < kWarm) continue;
    out.own.push_back(alone.own);
    out.wall.push_back(alone.wall);
    out.cutline.push_back(std::chrono::duration<double, std::milli>(saved.timings.frozen).count());
  }
  headline(fmt::format("a process of {} MiB stands still, {} runs", mib, kRuns).c_str());
  row("CRIU alone, by its own statistics", out.own);
  row("CRIU alone, the whole command", out.wall);
  row("Cutline, from the freeze to the thaw", out.cutline);
  fmt::print("  ratio of the medians to CRIU's own: {:.3f}\n", out.ratio());
  return out;
}

TEST(Bench, Frozen) {
  const auto small = measure(64);
  const auto large = measure(256);
  fmt::print(
      "{{\"bench\": \"frozen\", \"ratio\": {:.3f}, \"ratio_64\": {:.3f}, \"criu_ms\": {:.2f}, \"criu_wall_ms\": "
      "{:.2f}, \"cutline_ms\": {:.2f}, "
      "\"criu_64_ms\": {:.2f}, \"cutline_64_ms\": {:.2f}}}\n",
      large.ratio(), small.ratio(), median(large.own), median(large.wall), median(large.cutline), median(small.own),
      median(small.cutline));
  (void)std::fflush(stdout);
}

}  // namespace
}  // namespace cutline::bench
