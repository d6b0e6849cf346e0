#include "sidecar/rounds/put_back.hpp"

#include <filesystem>
#include <future>

#include "base/log.hpp"
#include "sidecar/criu/tcp_images.hpp"
#include "sidecar/files/files.hpp"
#include "sidecar/gate/datagrams.hpp"
#include "sidecar/rounds/connections.hpp"
#include "sidecar/rounds/sequences.hpp"
#include "sidecar/sockets/destroy.hpp"

namespace cutline::sidecar {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Millis kLauncherHolds{2000};
constexpr Millis kVerify{55'000};
constexpr Millis kKill{10'000};
constexpr Millis kRestore{100'000};
constexpr Millis kSocketsEnd{3'000};

// The saved containers as they are now; the names must be the same, the launchers may be others.
Result<std::vector<Container>> match(const Launchers& launchers, const store::Manifest& manifest) {
  auto now = launchers.containers();
  if (!now) return now;
  for (const auto& saved : manifest.containers)
    if (std::ranges::none_of(*now, [&](const Container& c) { return c.name == saved.name; }))
      return fail(Code::Unavailable, "container {} is not running under its launcher", saved.name);
  std::erase_if(*now, [&](const Container& c) {
    return std::ranges::none_of(manifest.containers, [&](const auto& saved) { return saved.name == c.name; });
  });
  return now;
}

// Ends all trees, and with them their sockets: what they leave behind would hold the tuples, or speak to peers.
Status end_processes(PodParts& pod, const std::vector<Container>& containers,
                     const protocol::CounterTable& connections) {
  if (auto held = pod.launchers.hold(Deadline::after(kLauncherHolds)); !held) return held;
  const auto live = sockets::tcp_sockets(Deadline::after(kSocketsEnd));
  if (!live) return forward(live, "sockets");
  pod.tracker.ending(*live);
  for (const auto& container : containers)
    if (auto killed = container.freezer->kill_all(Deadline::after(kKill)); !killed)
      return forward(killed, "end " + container.name);
  if (auto ended = sockets::destroy_orphans(pod.control_port, Deadline::after(kSocketsEnd)); !ended)
    return forward(ended, "sockets");
  if (auto ended = sockets::destroy(connections, sockets::Which::All, Deadline::after(kSocketsEnd)); !ended)
    return forward(ended, "sockets");
  return pod.gate.discard();
}

struct Moves {
  std::vector<protocol::Shift> numbers;  // connections as the checkpoint names them
  protocol::Readdressing names;
};

// The images with their connections' sequence numbers moved on, and their names of today, beside the store's folders;
// gone with the object.
class MovedImages {
 public:
  static Result<MovedImages> of(const PodParts& pod, const std::string& folder, const Moves& moves) {
    MovedImages out{pod.store.root() + "/moved"};
    const auto moved = criu::move_on(folder, *out.folder_, moves.numbers, moves.names);
    return moved ? std::move(out) : Result<MovedImages>{tl::unexpected(moved.error())};
  }
  MovedImages(MovedImages&&) = default;
  MovedImages& operator=(MovedImages&&) = delete;
  ~MovedImages() {
    std::error_code ignored;
    if (folder_) std::filesystem::remove_all(*folder_, ignored);
  }
  [[nodiscard]] const std::string& folder() const { return *folder_; }

 private:
  explicit MovedImages(std::string folder) : folder_(std::make_unique<std::string>(std::move(folder))) {}
  std::unique_ptr<std::string> folder_;  // null: moved from
};

Status restore_one(PodParts& pod, const Container& container, Epoch checkpoint, const Moves& moves, Deadline deadline) {
  const auto folder = pod.store.container_folder(checkpoint, container.name);
  const auto put = files::put_back({container.launcher, folder}, deadline);
  if (!put) return forward(put, "container " + container.name);
  pod.written = Bytes{value(pod.written) + value(put->written)};
  log::info("files put back", {{"container", container.name},
                               {"written", value(put->written)},
                               {"unchanged", put->unchanged},
                               {"compared", put->compared},
                               {"removed", put->removed}});
  const auto work = pod.work + "/" + container.name;
  std::error_code error;
  std::filesystem::create_directories(work, error);
  const auto images = MovedImages::of(pod, folder, moves);
  if (!images) return forward(images, "container " + container.name);
  auto restored = pod.criu.restore({container.launcher, images->folder(), work, *container.freezer}, deadline);
  if (!restored) return forward(restored, "container " + container.name);
  auto watch = criu::ExitWatch::of(restored->root, std::move(restored->pidfd));
  if (!watch) return forward(watch, "container " + container.name);
  return pod.launchers.adopt(container.name, std::move(*watch));
}

// One after the other: their numbers and loopback connections are apart, but CRIU's checks of free numbers are not.
Status restore_all(PodParts& pod, const std::vector<Container>& containers, Epoch checkpoint, const Moves& moves,
                   Deadline deadline) {
  for (const auto& container : containers)
    if (auto restored = restore_one(pod, container, checkpoint, moves, deadline); !restored) return restored;
  return {};
}

// Back to the pod's start: behind the gate nothing of what it was is left, and whatever owns the pod makes another.
Result<protocol::Timings> end_for_good(PodParts& pod) {
  const auto start = Clock::now();
  const auto containers = pod.launchers.containers();
  if (!containers) return tl::unexpected(containers.error());
  if (auto closed = pod.gate.close(std::nullopt); !closed) return forward(closed, "gate");
  if (auto ended = end_processes(pod, *containers, {}); !ended) return tl::unexpected(ended.error());
  const auto flows = gate::datagrams();
  if (!flows) return forward(flows, "datagrams");
  (void)pod.tracker.restored({}, {}, *flows);
  log::info("ended, to begin anew", {{"us", since(start).count()}});
  return protocol::Timings{.restore = since(start)};
}

sockets::Bases::Offsets renamed(const sockets::Bases::Offsets& offsets, const protocol::Readdressing& names) {
  sockets::Bases::Offsets out;
  for (const auto& [connection, offset] : offsets) out.emplace(names(connection), offset);
  return out;
}

constexpr Epoch kStart{};  // the name of every pod's checkpoint 0

Status verify_stored(PodParts& pod, const protocol::participant::Verify& request) {
  const auto stored = pod.store.verify(request.checkpoint, request.digest, Deadline::after(kVerify));
  if (!stored) return forward(stored, fmt::format("checkpoint of epoch {}", value(request.checkpoint)));
  if (stored->manifest.uid != pod.uid && !stored->adopted)
    return fail(Code::Corrupt, "the checkpoint is of pod {}, not of this one", stored->manifest.uid.value);
  if (auto containers = match(pod.launchers, stored->manifest); !containers) return tl::unexpected(containers.error());
  return {};
}

}  // namespace

Status verify(PodParts& pod, const protocol::participant::Verify& request) {
  if (request.checkpoint != kStart)
    if (auto stored = verify_stored(pod, request); !stored) return stored;
  if (auto kept = save_external(pod.store, request.external); !kept) return forward(kept, "external connections");
  if (request.gate_stays) return {};
  pod.gate_closed_at = Clock::now();
  if (auto closed = pod.gate.close(request.hold); !closed) return forward(closed, "gate");
  return forget_numbers(pod.store);
}

Status stop(PodParts& pod, const protocol::participant::EndAll& request) {
  protocol::CounterTable connections;
  if (request.checkpoint != kStart) {
    auto stored = pod.store.load(request.checkpoint);
    if (!stored) return tl::unexpected(stored.error());
    connections = std::move(stored->manifest.checkpoint.counters);
  }
  const auto containers = pod.launchers.containers();
  if (!containers) return tl::unexpected(containers.error());
  if (!pod.gate_closed_at) pod.gate_closed_at = Clock::now();
  if (auto closed = pod.gate.close(std::nullopt); !closed) return forward(closed, "gate");
  if (auto noted = note_numbers(pod); !noted) return forward(noted, "sequence numbers");
  return end_processes(pod, *containers, connections);
}

Result<std::vector<protocol::Shift>> shifts(const PodParts& pod, Epoch checkpoint,
                                            const protocol::Readdressing& names) {
  if (checkpoint == kStart) return std::vector<protocol::Shift>{};
  const auto stored = pod.store.load(checkpoint);
  return stored ? shifts_to(pod.store, stored->manifest, names) : tl::unexpected(stored.error());
}

Result<protocol::Timings> put_back(PodParts& pod, const protocol::participant::PutBack& request,
                                   const protocol::Readdressing& names) {
  pod.written = {};
  if (request.checkpoint == kStart) return end_for_good(pod);
  const auto start = Clock::now();
  const auto deadline = Deadline::after(kRestore);
  const auto stored = pod.store.load(request.checkpoint);
  if (!stored) return tl::unexpected(stored.error());
  const auto checkpoint = names(stored->manifest.checkpoint);
  const auto loopback = load_loopback(pod.store, request.checkpoint);
  if (!loopback) return tl::unexpected(loopback.error());
  auto numbers = agreed(pod.store, stored->manifest, request.shifts);
  if (!numbers) return forward(numbers, "sequence numbers");
  const auto external = load_external(pod.store);
  if (!external) return tl::unexpected(external.error());
  const auto containers = match(pod.launchers, stored->manifest);
  if (!containers) return tl::unexpected(containers.error());

  if (!pod.gate_closed_at) pod.gate_closed_at = Clock::now();
  if (auto closed = pod.gate.close(std::nullopt); !closed) return forward(closed, "gate");
  if (auto ended = end_processes(pod, *containers, checkpoint.counters); !ended) return tl::unexpected(ended.error());
  if (auto held = pod.gate.hold_loopback(names(*loopback)); !held) return forward(held, "loopback");
  auto restored = restore_all(pod, *containers, request.checkpoint, {std::move(numbers->moves), names}, deadline);
  if (auto released = pod.gate.release_loopback(); !released && restored) restored = released;
  if (!restored) return tl::unexpected(restored.error());

  const auto live = sockets::tcp_sockets(Deadline::after(kSocketsEnd));
  if (!live) return forward(live, "counters");
  const auto flows = gate::datagrams();
  if (!flows) return forward(flows, "datagrams");
  for (const auto& missing : pod.tracker.restored(checkpoint, *live, *flows, renamed(numbers->offsets, names)))
    log::warn(
        "connection not restored",
        {{"local_port", missing.local.port}, {"remote", missing.remote.address}, {"remote_port", missing.remote.port}});
  const auto closed = sockets::destroy(names(*external), sockets::Which::All, Deadline::after(kSocketsEnd));
  if (!closed) return forward(closed, "external connections");
  log::info("checkpoint put back", {{"epoch", request.epoch},
                                    {"checkpoint", request.checkpoint},
                                    {"closed_external", *closed},
                                    {"us", since(start).count()}});
  return protocol::Timings{.restore = since(start)};
}

}  // namespace cutline::sidecar
