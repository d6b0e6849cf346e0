#include "operator/recovery/reconcile.hpp"

#include "base/log.hpp"
#include "base/overloaded.hpp"
#include "operator/api/conditions.hpp"
#include "operator/api/resources.hpp"
#include "operator/pods/membership.hpp"
#include "operator/recovery/plan.hpp"
#include "operator/rounds/record_keeper.hpp"

namespace cutline::op::recovery {
namespace {

constexpr Millis kPatience{10'000};
constexpr Millis kProbe{2'000};
constexpr Millis kAgain{500};  // "noticed within a second"

// Those that answer. A sidecar that does not is no failure of its application; a pod that is gone is the rollback's
// business.
std::vector<Failed> probe(Context& context, const Selector& selector, const std::vector<Pod>& pods) {
  Members there;
  for (const auto& pod : pods)
    if (selector.matches(pod.labels) && reachable(pod)) there.emplace(pod.uid, pod);
  std::vector<Failed> out;
  for (const auto& [uid, reply] : ask_all(context.fleet, peers_of(there), protocol::Probe{}, Deadline::after(kProbe)))
    if (const auto* probed = reply ? std::get_if<protocol::Probed>(&*reply) : nullptr)
      for (const auto& failure : probed->failures) out.push_back({there.at(uid).name, failure});
  return out;
}

class Apply {
 public:
  Apply(Context& context, Json policy) : context_(context), keeper_(context.client, kPolicies, std::move(policy)) {}

  cutline::Status operator()(const Healthy&) {
    return note({"Recovering", false, "Healthy", "every application lives"});
  }
  cutline::Status operator()(const Underway&) { return {}; }
  cutline::Status operator()(const Wait& wait) { return note({"Recovering", true, "BackOff", wait.because}); }

  cutline::Status operator()(const GiveUp& stop) {
    return note({"Recovering", false, "LimitReached", stop.because}, kube::EventType::Warning);
  }

  cutline::Status operator()(const Start& start) {
    log::warn("an application has failed",
              {{"policy", kube::to_string(keeper_.key())}, {"rollback", start.name}, {"because", start.because}});
    auto made = context_.client.create(kRollbacks, rollback(keeper_.object(), start), Deadline::after(kRead));
    if (!made && made.error().code != Code::Conflict)
      return tl::unexpected(made.error());  // Conflict: our own first attempt
    for (const auto& name : start.outdated)
      (void)context_.client.remove(kRollbacks, {keeper_.key().ns, name}, Deadline::after(kRead));
    return note({"Recovering", true, "Rollback", fmt::format("{}: Rollback {}", start.because, start.name)},
                kube::EventType::Warning);
  }

 private:
  cutline::Status note(const Condition& condition, kube::EventType type = kube::EventType::Normal) {
    const auto* old = find_condition(keeper_.object(), condition.type);
    if (old != nullptr && old->value("reason", "") == condition.reason &&
        old->value("message", "") == condition.message)
      return {};
    context_.events.record(keeper_.object(), type, condition.reason, condition.message);
    return keeper_.write(
        [&](Json& object) -> cutline::Status {
          set_condition(object, condition, now_text());
          return {};
        },
        kPatience, context_.stop);
  }

  Context& context_;
  RecordKeeper keeper_;
};

}  // namespace

Result<Outcome> reconcile(Context& context, const kube::Key& key) {
  auto policy = context.client.get(kPolicies, key, Deadline::after(kRead));
  if (!policy) return gone_or(policy.error());
  if (!read_recovery_spec(*policy).automatic || kube::is_being_deleted(*policy)) return Outcome{};
  const auto pods = context.pods(key.ns, Deadline::after(kRead));
  if (!pods) return tl::unexpected(pods.error());
  auto failures = probe(context, read_save_spec(*policy).selector, *pods);
  const auto* before = find_condition(*policy, "Recovering");
  if (failures.empty() && (before == nullptr || before->value("reason", "") == "Healthy")) return Outcome{kAgain};
  auto rollbacks = context.items(kRollbacks, key.ns, Deadline::after(kRead));
  if (!rollbacks) return tl::unexpected(rollbacks.error());
  auto snapshots = context.items(kSnapshots, key.ns, Deadline::after(kRead));
  if (!snapshots) return tl::unexpected(snapshots.error());
  const Observed observed{*policy, std::move(failures), std::move(*rollbacks), std::move(*snapshots),
                          std::chrono::system_clock::now()};
  if (auto done = std::visit(Apply{context, std::move(*policy)}, plan(observed)); !done)
    return tl::unexpected(done.error());
  return Outcome{kAgain};
}

}  // namespace cutline::op::recovery
