#include "sidecar/rounds/save.hpp"

#include <future>

#include "base/log.hpp"
#include "sidecar/files/files.hpp"
#include "sidecar/rounds/connections.hpp"
#include "sidecar/sockets/drain.hpp"

namespace cutline::sidecar {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Millis kLauncherAnswer{1000};
constexpr Millis kFreeze{2000};
constexpr Millis kDrain{5};

Micros since(Instant start) { return std::chrono::duration_cast<Micros>(Clock::now() - start); }

// Whatever happens, no process stays frozen: the launchers guard that as well, against our own end.
class Frozen {
 public:
  Frozen(Launchers& launchers, std::vector<Container> containers) : launchers_(launchers), containers_(std::move(containers)) {}
  Frozen(const Frozen&) = delete;
  ~Frozen() { thaw(); }

  Status freeze(Millis limit, Deadline deadline) {
    if (auto guarded = launchers_.guard(limit, Deadline::after(kLauncherAnswer)); !guarded) return guarded;
    active_ = true;
    for (const auto& container : containers_)
      if (auto frozen = container.freezer->freeze(deadline); !frozen) return forward(frozen, container.name);
    return {};
  }

  void thaw() {
    if (!std::exchange(active_, false)) return;
    for (const auto& container : containers_)
      if (auto thawed = container.freezer->thaw(); !thawed) log::error("not thawed", {{"container", container.name}, {"error", thawed.error()}});
    if (auto done = launchers_.unguard(Deadline::after(kLauncherAnswer)); !done) log::warn("unguard", {{"error", done.error()}});
  }

 private:
  Launchers& launchers_;
  std::vector<Container> containers_;
  bool active_ = false;
};

std::vector<std::string> volumes_of(const protocol::SaveOptions& options, const std::string& container) {
  std::vector<std::string> out;
  for (const auto& volume : options.volumes)
    if (volume.container == container) out.push_back(volume.path);
  return out;
}

// CRIU and the capture of files side by side: both only read, the processes stand still.
Status dump(const PodParts& pod, const Container& container, const std::string& folder, std::vector<std::string> volumes, Deadline deadline) {
  auto pids = container.freezer->pids();
  if (!pids) return tl::unexpected(pids.error());
  auto captured = std::async(std::launch::async, [&] {
    return files::capture({container.launcher, {pids->begin(), pids->end()}, std::move(volumes), folder}, deadline);
  });
  const auto dumped = pod.criu.dump({container.keeper, container.launcher, folder, *container.freezer}, deadline);
  const auto files = captured.get();
  if (!dumped) return forward(dumped, "container " + container.name);
  if (!files) return forward(files, "container " + container.name);
  return {};
}

Status dump_all(const PodParts& pod, const std::vector<Container>& containers, const store::Draft& draft,
                const protocol::SaveOptions& options, Deadline deadline) {
  std::vector<std::future<Status>> running;
  for (const auto& container : containers) {
    auto folder = draft.container(container.name);
    if (!folder) return tl::unexpected(folder.error());
    running.push_back(std::async(std::launch::async, [&, folder = *folder] {
      return dump(pod, container, folder, volumes_of(options, container.name), deadline);
    }));
  }
  Status all;
  for (auto& one : running)
    if (auto done = one.get(); !done && all) all = done;
  return all;
}

store::Manifest manifest_of(const PodParts& pod, const std::vector<Container>& containers, Epoch epoch) {
  store::Manifest out{pod.uid, pod.name, {}, {}, {{"cutline", "0.1.0"}}, {}};
  out.checkpoint.epoch = epoch;
  for (const auto& container : containers) out.containers.push_back({container.name, container.keeper});
  return out;
}

Status fit(const std::vector<Container>& containers) {
  for (const auto& container : containers) {
    const bool runs = container.phase == launcher::Phase::Running || container.phase == launcher::Phase::Adopted;
    if (!runs || container.keeper == 0) return fail(Code::Unavailable, "container {}: its application is not running", container.name);
  }
  return {};
}

}  // namespace

Result<protocol::LocalCheckpoint> save(PodParts& pod, const protocol::participant::Save& request) {
  const auto deadline = Deadline::after(request.hold);
  auto containers = pod.launchers.containers();
  if (!containers) return tl::unexpected(containers.error());
  if (auto ready = fit(*containers); !ready) return tl::unexpected(ready.error());
  if (auto chosen = pod.gate.choose(request.options.gate); !chosen) return forward(chosen, "gate");
  auto draft = pod.store.begin(request.epoch);
  if (!draft) return forward(draft, "store");
  auto manifest = manifest_of(pod, *containers, request.epoch);

  const auto start = Clock::now();
  Frozen frozen{pod.launchers, *containers};
  if (auto done = frozen.freeze(request.hold, deadline.sooner(kFreeze)); !done) return forward(done, "freeze");
  (void)sockets::wait_drained(pod.control_port, deadline.sooner(kDrain));
  pod.gate_closed_at = Clock::now();
  if (auto closed = pod.gate.close(request.hold); !closed) return forward(closed, "gate");
  auto live = sockets::tcp_sockets(deadline);
  if (!live) return forward(live, "counters");
  std::erase_if(*live, [&](const auto& socket) { return socket.local.port == pod.control_port; });  // ours, not the application's
  manifest.checkpoint.counters = pod.bases.absolute(*live);
  const auto dump_start = Clock::now();
  if (auto dumped = dump_all(pod, *containers, *draft, request.options, deadline); !dumped) return tl::unexpected(dumped.error());
  manifest.checkpoint.timings.dump = since(dump_start);
  frozen.thaw();
  manifest.checkpoint.timings.frozen = since(start);

  manifest.checkpoint.gate = pod.gate.kind();
  if (auto kept = save_loopback(*draft, *live); !kept) return tl::unexpected(kept.error());
  auto checkpoint = manifest.checkpoint;
  const auto sealed = pod.store.seal(*draft, std::move(manifest), {}, deadline);
  if (!sealed) return forward(sealed, "store");
  checkpoint.index = draft->index();
  checkpoint.digest = sealed->digest;
  checkpoint.bytes = sealed->bytes;
  log::info("checkpoint taken", {{"epoch", request.epoch}, {"frozen_us", checkpoint.timings.frozen.count()},
                                 {"dump_us", checkpoint.timings.dump.count()}, {"total_us", since(start).count()},
                                 {"bytes", value(checkpoint.bytes)}});
  return checkpoint;
}

}  // namespace cutline::sidecar
