// How long a pod's traffic is held for a checkpoint with a volume of 1 GiB of which 1 % changes from one to the next:
// with the volume copied beforehand, while the application runs, beside all of it copied while it stands still. Both in
// one run, in turns, in the pod in a box; the gate is opened when the checkpoint is sealed, as after an
// acknowledgement.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "bench/lib/figures.hpp"
#include "sidecar/rounds/precopy.hpp"
#include "tests/integration/criu/saved.hpp"
#include "tests/integration/rounds/sidecar.hpp"

namespace cutline::bench {
namespace {

using namespace cutline::test;

constexpr int kFiles = 1024;
constexpr std::size_t kFile = 1U << 20U;
constexpr int kChanged = kFiles / 100;
constexpr int kRuns = 5;

void fill(const std::string& folder) {
  std::string bytes(kFile, '\0');
  for (int i = 0; i < kFiles; ++i) {
    for (std::size_t at = 0; at < bytes.size(); at += 64)
      bytes[at] = static_cast<char>((at + static_cast<std::size_t>(i)) * 2654435761U >> 13U);
    const auto file = must(open_file(fmt::format("{}/{}", folder, i), O_WRONLY | O_CREAT, 0600));
    must(write_all(file.get(), bytes));
  }
}

void change(const std::string& folder, int from) {
  for (int i = 0; i < kChanged; ++i) {
    const auto file = must(open_file(fmt::format("{}/{}", folder, (from + i) % kFiles), O_WRONLY));
    if (::pwrite(file.get(), &from, sizeof from, 4096) != sizeof from) throw std::runtime_error("write");
  }
}

struct Volumes {
  test::Container app = Saving::running({});
  Sidecar sidecar{{&app}};
  sidecar::Precopy precopy{sidecar.store(), sidecar.parts().launchers};
  protocol::SaveOptions options{protocol::GateKind::Queue, {{"app", "/data"}}};
  std::uint64_t epoch = 0;
  int changed = 0;

  void copy_beforehand() {
    const protocol::Precopy command{std::to_string(epoch), options.volumes};
    while (!std::holds_alternative<protocol::Precopied>(precopy.ask(command, {})))
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }

  // From the gate's closing to its opening.
  double held(bool beforehand) {
    ++epoch;
    if (beforehand) copy_beforehand();
    change(app.data(), changed += kChanged);
    const auto copies = beforehand ? precopy.take(soon()) : sidecar::Copies{};
    (void)must(sidecar::save(sidecar.parts(), {Epoch{epoch}, Millis{60'000}, options}, copies));
    const auto closed = *sidecar.parts().gate_closed_at;
    must(sidecar.gate().open());
    const auto out = ms_since(closed);
    must(sidecar.store().discard(Epoch{epoch}));
    precopy.clear();
    return out;
  }
};

TEST(Bench, Volumes) {
  Volumes volumes;
  fill(volumes.app.data());
  (void)volumes.held(false);  // everything has been read once
  std::vector<double> with, without;
  for (int run = 0; run < kRuns; ++run) {
    without.push_back(volumes.held(false));
    with.push_back(volumes.held(true));
  }
  headline(fmt::format("held with a volume of {} files of 1 MiB, {} of which change, {} runs", kFiles, kChanged, kRuns)
               .c_str());
  row("all copied while it stands still", without);
  row("copied beforehand, then what differs", with);
  fmt::print(
      "{{\"bench\": \"volumes\", \"frozen_ratio\": {:.3f}, \"with_ms\": {:.1f}, \"without_ms\": {:.1f}, \"runs\": "
      "{}}}\n",
      median(with) / median(without), median(with), median(without), kRuns);
  (void)std::fflush(stdout);
}

}  // namespace
}  // namespace cutline::bench
