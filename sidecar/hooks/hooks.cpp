#include "sidecar/hooks/hooks.hpp"

#include "base/log.hpp"
#include "sidecar/hooks/run.hpp"

namespace cutline::sidecar {
namespace {

constexpr std::size_t kRemembered = 16;  // runs; the operator asks after one until it has ended

}  // namespace

Hooks::~Hooks() { thread_.request_stop(); }

bool Hooks::running() const {
  const std::scoped_lock lock{mutex_};
  return !runs_.empty() && !runs_.back().ended;
}

bool Hooks::knows(const std::string& key) const {
  const std::scoped_lock lock{mutex_};
  return std::ranges::find(runs_, key, &Run::key) != runs_.end();
}

protocol::Reply Hooks::ask(const protocol::RunHooks& command) {
  const std::scoped_lock lock{mutex_};
  if (const auto known = std::ranges::find(runs_, command.key, &Run::key); known != runs_.end()) {
    if (!known->ended) return protocol::HooksRunning{command.key};
    if (*known->ended) return **known->ended;
    const protocol::Refused refused{{}, known->ended->error()};
    runs_.erase(known);  // nothing of it has run
    return refused;
  }
  if (!runs_.empty() && !runs_.back().ended)
    return protocol::Refused{{}, {Code::Busy, "hooks of another round run in this pod"}};
  if (runs_.size() == kRemembered) runs_.pop_front();
  runs_.push_back({command.key, {}});
  thread_ = std::jthread{[this, command](const std::stop_token& stop) { perform(command, stop); }};
  return protocol::HooksRunning{command.key};
}

void Hooks::perform(const protocol::RunHooks& command, const std::stop_token& stop) {
  auto ended = carry_out(command, stop);
  const std::scoped_lock lock{mutex_};
  runs_.back().ended = std::move(ended);
}

Result<protocol::HooksRun> Hooks::carry_out(const protocol::RunHooks& command, const std::stop_token& stop) const {
  const auto containers = launchers_.containers();
  if (!containers) return tl::unexpected(containers.error());
  protocol::HooksRun out{command.key, {}};
  for (std::uint32_t i = 0; i < command.hooks.size(); ++i) {
    const auto& hook = command.hooks[i];
    const auto container = std::ranges::find(*containers, hook.container, &Container::name);
    if (container == containers->end() || hook.command.empty()) {
      out.outcomes.push_back({.hook = i, .ran = false});
      continue;
    }
    auto outcome = hooks::run(container->launcher, hook, stop);
    outcome.hook = i;
    log::info("hook run", {{"key", command.key},
                           {"container", hook.container},
                           {"program", hook.command.front()},
                           {"us", outcome.took.count()},
                           {"failure", outcome.failure}});
    const bool failed = !outcome.failure.empty();
    out.outcomes.push_back(std::move(outcome));
    if (failed && !hook.may_fail) break;
  }
  return out;
}

}  // namespace cutline::sidecar
