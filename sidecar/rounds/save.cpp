#include "sidecar/rounds/save.hpp"

#include <future>

#include "base/log.hpp"
#include "sidecar/files/earlier.hpp"
#include "sidecar/files/files.hpp"
#include "sidecar/gate/datagrams.hpp"
#include "sidecar/rounds/accepted.hpp"
#include "sidecar/rounds/connections.hpp"
#include "sidecar/rounds/living.hpp"
#include "sidecar/rounds/sequences.hpp"
#include "sidecar/sockets/drain.hpp"

namespace cutline::sidecar {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Millis kLauncherAnswer{1000};
constexpr Millis kFreeze{2000};
constexpr Millis kDrain{5};
constexpr Millis kAccept{200};      // before anything is frozen
constexpr Millis kAcceptAgain{50};  // of what has come since, behind the closed gate
constexpr int kAcceptTries = 3;

// Whatever happens, no process stays frozen: the launchers guard that as well, against our own end.
class Frozen {
 public:
  Frozen(Launchers& launchers, std::vector<Container> containers)
      : launchers_(launchers), containers_(std::move(containers)) {}
  Frozen(const Frozen&) = delete;
  ~Frozen() {
    thaw();
    unguard();
  }

  void unguard() {
    if (!std::exchange(guarded_, false)) return;
    if (auto done = launchers_.unguard(Deadline::after(kLauncherAnswer)); !done)
      log::warn("unguard", {{"error", done.error()}});
  }

  Status guard(Millis limit) {
    guarded_ = true;
    return launchers_.guard(limit, Deadline::after(kLauncherAnswer));
  }

  Status freeze(Deadline deadline) {
    start_ = Clock::now();
    for (const auto& container : containers_)
      if (auto frozen = container.freezer->freeze(deadline); !frozen) return forward(frozen, container.name);
    return {};
  }

  // How long it has been frozen until now, in all.
  Micros thaw() {
    if (!start_) return frozen_;
    for (const auto& container : containers_)
      if (auto thawed = container.freezer->thaw(); !thawed)
        log::error("not thawed", {{"container", container.name}, {"error", thawed.error()}});
    return frozen_ += since(*std::exchange(start_, std::nullopt));
  }

 private:
  Launchers& launchers_;
  std::vector<Container> containers_;
  bool guarded_ = false;
  std::optional<Instant> start_;  // set: some may be frozen
  Micros frozen_{0};
};

std::vector<std::string> volumes_of(const protocol::SaveOptions& options, const std::string& container) {
  std::vector<std::string> out;
  for (const auto& volume : options.volumes)
    if (volume.container == container) out.push_back(volume.path);
  return out;
}

// All at the same time; the first error.
template <class Work>
Status for_each(const std::vector<Container>& containers, Work work) {
  std::vector<std::future<Status>> running;
  for (std::size_t i = 0; i < containers.size(); ++i)
    running.push_back(std::async(std::launch::async, [&work, &container = containers[i], i]() -> Status {
      const Status done = work(container, i);
      return done ? done : forward(done, "container " + container.name);
    }));
  Status all;
  for (auto& one : running)
    if (auto done = one.get(); !done && all) all = done;
  return all;
}

struct Prepared {
  std::string folder;
  std::optional<files::Earlier> earlier;
  std::optional<criu::PreparedDump> criu;
};

// What need not wait for the freeze.
Result<std::vector<Prepared>> prepare(const PodParts& pod, const std::vector<Container>& containers,
                                      const store::Draft& draft, const Copies& copies, Deadline deadline) {
  std::vector<Prepared> out(containers.size());
  const auto done = for_each(containers, [&](const Container& container, std::size_t i) -> Status {
    auto folder = draft.container(container.name);
    if (!folder) return tl::unexpected(folder.error());
    auto criu = pod.criu.prepare({container.keeper, container.launcher, *folder, *container.freezer}, deadline);
    if (!criu) return tl::unexpected(criu.error());
    out[i].folder = *std::move(folder);
    out[i].criu.emplace(*std::move(criu));
    const auto copy = copies.find(container.name);
    if (copy == copies.end()) return {};
    if (auto earlier = files::Earlier::link(copy->second, out[i].folder))
      out[i].earlier.emplace(*std::move(earlier));
    else
      log::info("nothing is taken over from an earlier copy",
                {{"container", container.name}, {"why", earlier.error()}});
    return {};
  });
  if (!done) return tl::unexpected(done.error());
  return out;
}

// CRIU and the capture of files side by side: both only read, the processes stand still.
Status dump(const PodParts& pod, const Container& container, Prepared& prepared, std::vector<std::string> volumes,
            const std::vector<pid_t>& neighbours, Deadline deadline) {
  auto captured = std::async(std::launch::async, [&]() -> Status {
    auto pids = container.freezer->pids();
    if (!pids) return tl::unexpected(pids.error());
    const auto start = Clock::now();
    const auto files = files::capture({container.launcher,
                                       {pids->begin(), pids->end()},
                                       std::move(volumes),
                                       prepared.folder,
                                       prepared.earlier ? &*prepared.earlier : nullptr,
                                       neighbours},
                                      deadline);
    if (!files) return tl::unexpected(files.error());
    log::info("files captured", {{"container", container.name},
                                 {"bytes", value(files->bytes)},
                                 {"copied", value(files->copied)},
                                 {"us", since(start).count()}});
    return {};
  });
  const auto dumped = pod.criu.dump(*std::move(prepared.criu), deadline);
  const auto files = captured.get();
  return dumped ? files : tl::unexpected(dumped.error());
}

// The processes of all containers but this one.
std::vector<pid_t> neighbours_of(const std::vector<Container>& containers, std::size_t of) {
  std::vector<pid_t> out;
  for (std::size_t i = 0; i < containers.size(); ++i) {
    if (i == of) continue;
    if (const auto pids = containers[i].freezer->pids()) out.insert(out.end(), pids->begin(), pids->end());
  }
  return out;
}

// All processes stand, the gate is closed, and no connection waits to be accepted: the sockets as they are then. What
// has arrived at the last moment is accepted behind the closed gate, where nothing new arrives: what the application
// sends meanwhile is held there.
Result<sockets::Sockets> stand_still(PodParts& pod, const std::vector<Container>& containers, Frozen& frozen,
                                     Millis hold, Deadline deadline) {
  for (int tries = 0;; ++tries) {
    if (auto done = frozen.freeze(deadline.sooner(kFreeze)); !done) return forward(done, "freeze");
    if (tries == 0) {
      (void)sockets::wait_drained(pod.control_port, deadline.sooner(kDrain));
      pod.gate_closed_at = Clock::now();
      if (auto closed = pod.gate.close(hold); !closed) return forward(closed, "gate");
    }
    auto live = sockets::tcp_sockets(deadline);
    if (!live) return forward(live, "counters");
    const auto accepted = all_accepted(*live, containers);
    if (accepted) return live;
    if (tries == kAcceptTries) return tl::unexpected(accepted.error());
    (void)frozen.thaw();
    if (auto now = wait_accepted(containers, deadline.sooner(kAcceptAgain)); !now) return tl::unexpected(now.error());
  }
}

// Whom the pod has talked to since its last checkpoint, as it stands still. After the dump: the kernel tells of closed
// connections late.
Status note_interval(PodParts& pod, protocol::LocalCheckpoint& checkpoint) {
  const auto flows = gate::datagrams();
  if (!flows) return tl::unexpected(flows.error());
  checkpoint.flows = pod.tracker.flows(*flows);
  auto told = pod.tracker.cut(checkpoint.epoch);
  checkpoint.parent = told.parent;
  checkpoint.closed = std::move(told.closed);
  checkpoint.observed = told.observed;
  return {};
}

store::Manifest manifest_of(const PodParts& pod, const std::vector<Container>& containers, Epoch epoch) {
  store::Manifest out{pod.uid, pod.name, {}, {}, {{"cutline", "0.1.0"}}, {}};
  out.checkpoint.epoch = epoch;
  for (const auto& container : containers) out.containers.push_back({container.name, container.keeper});
  return out;
}

Status fit(const std::vector<Container>& containers) {
  for (const auto& container : containers)
    if (!container.runs())
      return fail(Code::Unavailable, "container {}: its application is not running", container.name);
  return {};
}

}  // namespace

Result<protocol::LocalCheckpoint> save(PodParts& pod, const protocol::participant::Save& request,
                                       const Copies& copies) {
  const auto deadline = Deadline::after(request.hold);
  auto containers = pod.launchers.containers();
  if (!containers) return tl::unexpected(containers.error());
  if (auto ready = fit(*containers); !ready) return tl::unexpected(ready.error());
  if (auto ready = wait_accepted(*containers, deadline.sooner(kAccept)); !ready) return tl::unexpected(ready.error());
  if (auto chosen = pod.gate.choose(request.options.gate); !chosen) return forward(chosen, "gate");
  auto draft = pod.store.begin(request.epoch);
  if (!draft) return forward(draft, "store");
  auto manifest = manifest_of(pod, *containers, request.epoch);

  const auto start = Clock::now();
  auto prepared = prepare(pod, *containers, *draft, copies, deadline);
  if (!prepared) return forward(prepared, "prepare");
  Frozen frozen{pod.launchers, *containers};
  if (auto guarded = frozen.guard(request.hold); !guarded) return forward(guarded, "guard");
  const auto ready = since(start);
  auto live = stand_still(pod, *containers, frozen, request.hold, deadline);
  if (!live) return tl::unexpected(live.error());
  manifest.checkpoint.counters = pod.tracker.counters(*live);
  std::erase_if(
      *live, [&](const auto& socket) { return socket.local.port == pod.control_port; });  // ours, not the application's
  const auto dump_start = Clock::now();
  const auto dumped = for_each(*containers, [&](const Container& container, std::size_t i) {
    return dump(pod, container, (*prepared)[i], volumes_of(request.options, container.name),
                neighbours_of(*containers, i), deadline);
  });
  if (!dumped) return tl::unexpected(dumped.error());
  if (auto live_still = all_live(*containers); !live_still) return tl::unexpected(live_still.error());
  manifest.checkpoint.timings.dump = since(dump_start);
  if (auto told = note_interval(pod, manifest.checkpoint); !told) return forward(told, "datagrams");
  manifest.checkpoint.timings.frozen = frozen.thaw();
  frozen.unguard();

  manifest.checkpoint.gate = pod.gate.kind();
  if (auto kept = save_loopback(*draft, *live); !kept) return tl::unexpected(kept.error());
  if (auto kept = save_offsets(*draft, pod.tracker, manifest.checkpoint.counters); !kept)
    return tl::unexpected(kept.error());
  auto checkpoint = manifest.checkpoint;
  const auto seal_start = Clock::now();
  const auto sealed = pod.store.seal(*draft, std::move(manifest));
  if (!sealed) return forward(sealed, "store");
  checkpoint.index = draft->index();
  checkpoint.bytes = *sealed;
  log::info("checkpoint taken", {{"epoch", request.epoch},
                                 {"frozen_us", checkpoint.timings.frozen.count()},
                                 {"dump_us", checkpoint.timings.dump.count()},
                                 {"ready_us", ready.count()},
                                 {"seal_us", since(seal_start).count()},
                                 {"total_us", since(start).count()},
                                 {"bytes", value(checkpoint.bytes)}});
  return checkpoint;
}

}  // namespace cutline::sidecar
