#include "tests/integration/rounds/sidecar.hpp"

#include "sidecar/store/configuration.hpp"
#include "sidecar/store/record.hpp"
#include "tests/integration/criu/saved.hpp"

namespace cutline::test {
namespace {

constexpr std::uint16_t kControlPort = 7077;
constexpr Millis kHold{30'000};

template <class Answer>
Status expect(Container& container, Deadline deadline) {
  const auto answer = container.link().expect<Answer>(deadline);
  return answer ? Status{} : forward(answer, container.options().name);
}

}  // namespace

BoxLaunchers::BoxLaunchers(const std::vector<Container*>& containers) {
  for (auto* const container : containers) boxes_.push_back({container, launcher::Phase::Running, {}});
}

Result<std::vector<sidecar::Container>> BoxLaunchers::containers() const {
  std::vector<sidecar::Container> out;
  for (const auto& [container, phase, watch] : boxes_) {
    const std::shared_ptr<cgroup::Freezer> freezer{std::shared_ptr<void>{}, &container->freezer()};  // the box's own
    out.push_back({container->options().name, container->launcher(), container->keeper(), freezer, phase});
  }
  return out;
}

Status BoxLaunchers::guard(Millis limit, Deadline deadline) {
  for (auto& box : boxes_) {
    const auto state = box.container->freezer().state_fd();
    if (!state) return tl::unexpected(state.error());
    const auto word = launcher::Word::of(box.container->freezer().thaw_word());
    if (auto sent = box.container->link().send(launcher::Guard{limit, *word}, state->get()); !sent) return sent;
    if (auto answered = expect<launcher::Guarded>(*box.container, deadline); !answered) return answered;
  }
  if (after_guard) after_guard();
  return {};
}

Status BoxLaunchers::unguard(Deadline deadline) {
  Status all;
  for (auto& box : boxes_) {
    auto done = box.container->link().send(launcher::Unguard{});
    if (done) done = expect<launcher::Unguarded>(*box.container, deadline);
    if (!done && all) all = done;
  }
  return all;
}

Status BoxLaunchers::hold(Deadline deadline) {
  for (auto& box : boxes_) {
    box.watch.reset();
    if (auto sent = box.container->link().send(launcher::Hold{}); !sent) return sent;
    if (auto answered = expect<launcher::Held>(*box.container, deadline); !answered) return answered;
    box.phase = launcher::Phase::Holding;
  }
  return {};
}

Status BoxLaunchers::adopt(const std::string& container, criu::ExitWatch watch) {
  const auto found = std::ranges::find(boxes_, container, [](const Box& box) { return box.container->options().name; });
  if (found == boxes_.end()) return fail(Code::NotFound, "no container {}", container);
  found->container->adopted(watch.pid());
  found->phase = launcher::Phase::Adopted;
  const auto pid = watch.pid();
  found->watch.emplace(std::move(watch));
  return found->container->link().send(launcher::Adopt{pid});
}

Sidecar::Sidecar(const std::vector<Container*>& containers, std::string store)
    : folder_(store.empty() ? new_folder(fmt::format("store-{}", containers.front()->launcher())) : std::move(store)),
      box_(containers),
      launchers_(*box_) {
  open();
}

Sidecar::Sidecar(sidecar::Launchers& launchers, std::string store) : folder_(std::move(store)), launchers_(launchers) {
  open();
}

void Sidecar::open() {
  criu_.emplace(must(criu::Runner::open(criu_bundle(), criu_cache())));
  store_.emplace(must(store::Store::open(folder_)));
  const auto record = must(store::load_record(folder_));
  auto bases = record.bases == store::Record{}.bases ? sockets::Bases{} : must(sockets::Bases::from_json(record.bases));
  history_.emplace(must(sidecar::History::open(*store_)));
  tracker_.emplace(std::move(bases), must(sockets::Closings::start()),
                   sockets::TrackerOptions{kControlPort, history_->present(), history_->fresh()});
  gate_.emplace(must(gate::Gate::install(protocol::GateKind::Queue, kControlPort)));
  parts_.emplace(sidecar::PodParts{PodUid{"uid-of-the-box"},
                                   PodName{"box"},
                                   launchers_,
                                   *gate_,
                                   *tracker_,
                                   *store_,
                                   *criu_,
                                   new_folder("work"),
                                   kControlPort,
                                   true,
                                   gate_->counts_datagrams(),
                                   {}});
  remote_.emplace(*store_, parts_->uid, parts_->name,
                  repository::Program{.work = new_folder("restic"), .user = sockets::kOwnUser});
}

protocol::participant::Durable Sidecar::recorded() const { return must(store::load_record(folder_)).durable; }
protocol::Configure Sidecar::configured() const { return must(store::load_configuration(folder_)); }

void Sidecar::restart() {
  must(store::save_record(folder_, {recorded(), tracker_->bases_json()}));
  remote_.reset();
  parts_.reset();
  tracker_.reset();
  history_.reset();
  gate_.reset();
  store_.reset();
  criu_.reset();
  open();
}

Result<protocol::LocalCheckpoint> Sidecar::save(Epoch epoch, protocol::SaveOptions options) {
  auto saved = sidecar::save(*parts_, {epoch, kHold, std::move(options)});
  if (saved) saved->digest = must(store_->commit(epoch));
  return saved;
}

Status Sidecar::verify(const protocol::LocalCheckpoint& checkpoint, std::vector<protocol::Connection> external) {
  return sidecar::verify(*parts_, {.epoch = Epoch{value(checkpoint.epoch) + 100},
                                   .checkpoint = checkpoint.epoch,
                                   .digest = checkpoint.digest,
                                   .hold = kHold,
                                   .external = std::move(external)});
}

Result<protocol::Timings> Sidecar::put_back(Epoch checkpoint) {
  return sidecar::put_back(*parts_, {Epoch{value(checkpoint) + 100}, checkpoint, {}, {}}, {});
}

}  // namespace cutline::test
