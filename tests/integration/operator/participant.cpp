#include "tests/integration/operator/participant.hpp"

#include <stdexcept>

#include "base/overloaded.hpp"

namespace cutline::test {
namespace {

constexpr std::uint16_t kControlPort = 7077;

control::IdentitySource identity_of(const PodUid& uid, const control::KeyAndCertificate& authority) {
  auto own = control::issue(authority, {control::pod_identity(uid), {}});
  if (!own) throw std::runtime_error("certificate: " + own.error().message);
  auto identity = std::make_shared<const control::Identity>(control::Identity{authority.certificate, std::move(*own)});
  return [identity] { return identity; };
}

}  // namespace

Participant::Participant(PodUid uid, std::string address, control::KeyAndCertificate authority, Watcher watcher)
    : uid_(std::move(uid)), address_(std::move(address)), watcher_(std::move(watcher)), behaviour_(obedient()) {
  auto server = control::Server::start(
      kControlPort, identity_of(uid_, authority),
      [this](const protocol::Command& command, const control::Server::ReplyTo& reply) { handle(command, reply); },
      address_);
  if (!server) throw std::runtime_error("participant: " + server.error().message);
  server_ = std::move(*server);
}

void Participant::behave(Behaviour behaviour) {
  const std::scoped_lock lock{mutex_};
  behaviour_ = std::move(behaviour);
}

std::vector<protocol::Command> Participant::heard() const {
  const std::scoped_lock lock{mutex_};
  return heard_;
}

// What the operator asks now and then, whatever a test does.
static bool background(const protocol::Command& command) {
  return std::holds_alternative<protocol::Configure>(command) || std::holds_alternative<protocol::Recall>(command) ||
         std::holds_alternative<protocol::Probe>(command);
}

void Participant::handle(const protocol::Command& command, const control::Server::ReplyTo& reply) {
  watcher_(command);
  std::optional<protocol::Reply> answer;
  {
    const std::scoped_lock lock{mutex_};
    if (!background(command)) heard_.push_back(command);
    answer = behaviour_(command);
  }
  came_.notify_all();
  if (answer) reply(std::move(*answer));
}

Participant::Behaviour obedient(protocol::CounterTable counters) {
  using namespace protocol;
  return [counters = std::move(counters)](const Command& command) -> std::optional<Reply> {
    return std::visit(
        overloaded{
            [&](const Request& m) -> Reply {
              return Acked{m.epoch,
                           {m.epoch,
                            CheckpointIndex{1},
                            "",
                            Bytes{1000},
                            counters,
                            {Micros{4'000}, Micros{3'000}, Micros{0}, Micros{0}},
                            m.options.gate,
                            {},
                            {},
                            {},
                            true}};
            },
            [](const Done& m) -> Reply {
              return Opened{m.epoch, Micros{9'000}, fmt::format("sha256:{:064x}", value(m.epoch))};
            },
            [](const Abort& m) -> Reply { return Opened{m.epoch, Micros{1'000}}; },
            [](const Prepare& m) -> Reply { return Prepared{m.epoch}; },
            [](const Stop& m) -> Reply { return Stopped{m.epoch, {}}; },
            [](const Restore& m) -> Reply { return Restored{m.epoch, {.restore = Micros{70'000}}}; },
            [](const Release& m) -> Reply { return Opened{m.epoch, Micros{90'000}}; },
            [](const Forget& m) -> Reply { return Forgotten{m.checkpoint}; },
            [](const Preflight&) -> Reply { return Findings{}; },
            [&](const Recall&) -> Reply {
              LocalCheckpoint present;
              present.counters = counters;
              return History{{}, std::move(present)};
            },
            [](const Probe&) -> Reply { return Probed{}; }, [](const Sever& m) -> Reply { return Severed{m.epoch}; },
            [](const Configure&) -> Reply { return Configured{}; },
            [](const Upload& m) -> Reply {
              return Uploaded{m.checkpoint, fmt::format("{:064x}", value(m.checkpoint)), Bytes{1000}, Bytes{900}};
            },
            [](const Fetch& m) -> Reply { return Fetched{m.checkpoint}; },
            [](const RunHooks& m) -> Reply {
              HooksRun out{m.key, {}};
              for (const auto& hook : m.hooks)
                out.outcomes.push_back({static_cast<std::uint32_t>(&hook - m.hooks.data()), true, "", "", Micros{5}});
              return out;
            },
            [](const Precopy& m) -> Reply { return Precopied{m.key, Bytes{0}}; }},
        command);
  };
}

}  // namespace cutline::test
