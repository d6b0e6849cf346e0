#include "operator/rollback/reconcile.hpp"

#include "base/log.hpp"
#include "operator/api/conditions.hpp"
#include "operator/api/resources.hpp"
#include "operator/hooks/run.hpp"
#include "operator/pods/remember.hpp"
#include "operator/rollback/bring.hpp"
#include "operator/rollback/run.hpp"
#include "operator/rounds/finalizer.hpp"

namespace cutline::op::rollback {
namespace {

constexpr Millis kPatience{30'000};
constexpr Millis kLook{1'000};                 // at checkpoints that are on their way
constexpr std::chrono::minutes kBringing{60};  // then the repository is not going to answer

// The one that the Rollback names, or the one of the snapshot that it names. Nothing: there is none.
Result<std::optional<Json>> policy_of(Context& context, const std::string& ns, const RollbackSpec& spec,
                                      const std::vector<Json>& snapshots) {
  auto name = spec.policy;
  if (const auto* snapshot = named_snapshot(spec.snapshot, snapshots); !name && snapshot != nullptr)
    name = read_snapshot_spec(*snapshot).policy;
  if (!name) return std::optional<Json>{};
  auto policy = context.client.get(kPolicies, {ns, *name}, Deadline::after(kRead));
  if (policy) return std::optional{std::move(*policy)};
  if (policy.error().code == Code::NotFound) return std::optional<Json>{};
  return tl::unexpected(policy.error());
}

Result<Observed> observe(Context& context, const kube::Key& key, const Json& object) {
  Observed out;
  const auto deadline = Deadline::after(kRead);
  auto pods = context.pods(key.ns, deadline);
  if (!pods) return tl::unexpected(pods.error());
  out.pods = std::move(*pods);
  auto snapshots = context.items(kSnapshots, key.ns, deadline);
  if (!snapshots) return tl::unexpected(snapshots.error());
  out.snapshots = std::move(*snapshots);
  out.age = age_of(object);
  out.object = object;
  const auto spec = read_rollback_spec(object);
  if (auto found = policy_of(context, key.ns, spec, out.snapshots); !found)
    return tl::unexpected(found.error());
  else
    out.policy = std::move(*found);
  if (spec.before) {
    auto checkpoints = context.items(kCheckpoints, key.ns, deadline);
    if (!checkpoints) return tl::unexpected(checkpoints.error());
    out.checkpoints = std::move(*checkpoints);
  }
  if (!needs_workload(out)) return out;
  auto workload = remember(context, key.ns, save_spec_of(out).selector, out.pods);
  if (workload)
    out.workload = std::move(*workload);
  else
    out.unavailable = workload.error();
  return out;
}

class Apply {
 public:
  Apply(Context& context, const Observed& observed)
      : context_(context), observed_(observed), keeper_(context.client, kRollbacks, observed.object) {}

  Result<Outcome> operator()(const Nothing&) { return after_release(); }

  Result<Outcome> operator()(const Later& later) {
    const auto* old = find_condition(keeper_.object(), "Planned");
    if (old == nullptr || old->value("message", "") != later.why.message)
      (void)write([&](Json& object) {
        set_condition(object, {"Planned", false, name(later.why.code), later.why.message}, now_text());
      });
    return Outcome{Millis{1000}};
  }

  Result<Outcome> operator()(const Refuse& refuse) {
    event(kube::EventType::Warning, name(refuse.why.code), refuse.why.message);
    return ended(write([&](Json& object) {
      set_condition(object, {"Failed", true, name(refuse.why.code), refuse.why.message}, now_text());
    }));
  }

  Result<Outcome> operator()(const Show& show) {
    return ended(write([&](Json& object) { record_plan(object, show.line, now_text()); }));
  }

  Result<Outcome> operator()(const Begin& begin) {
    if (begin.line.stands_in()) {
      const auto* snapshot = named_snapshot(begin.line.snapshot, observed_.snapshots);
      const auto brought = bring(context_, begin.line, *snapshot);
      if (!brought && (brought.error().code == Code::Corrupt || observed_.age > kBringing))
        return (*this)(Refuse{brought.error()});
      if (!brought) return bringing(begin.line.snapshot, brought.error().message);
      if (!brought->all) return bringing(begin.line.snapshot, brought->far);
    }
    auto epoch = context_.next_epoch(keeper_.key().ns, Deadline::after(kRead));
    if (!epoch) return tl::unexpected(epoch.error());
    if (!save_spec_of(observed_).hooks.after_rollback.empty())
      if (auto promised = write([&](Json& object) { hooks::record_pending(object); }); !promised)
        return tl::unexpected(promised.error());
    log::info("rollback begins",
              {{"epoch", *epoch}, {"object", kube::to_string(keeper_.key())}, {"to", begin.line.snapshot}});
    // Where all go back nothing that goes on meanwhile counts.
    const bool some_stay = observed_.workload && begin.line.entries.size() < observed_.workload->pods.size();
    return conclude(
        run(context_, keeper_, begin.line, *epoch, some_stay ? Again{[this] { return again(); }} : Again{}));
  }

  Result<Outcome> operator()(const Recover& recover) {
    log::info("rollback recovered", {{"epoch", recover.epoch}, {"object", kube::to_string(keeper_.key())}});
    return conclude(run(context_, keeper_, recover));
  }

 private:
  Result<Outcome> conclude(Ending ending) {
    switch (ending) {
      case Ending::Released:
        event(kube::EventType::Normal, "Released", find_condition(keeper_.object(), "Restored")->value("message", ""));
        return after_release();
      case Ending::Untouched:
      case Ending::Held:
        if (hooks::pending(keeper_.object())) (void)write([](Json& object) { hooks::record_done(object); });
        if (const auto* failed = find_condition(keeper_.object(), "Failed"))
          event(kube::EventType::Warning, failed->value("reason", "Failed"), failed->value("message", ""));
        return Outcome{};
      case Ending::Busy:
        return Outcome{Millis{300}};
      case Ending::Stopped:
        return Outcome{};
    }
    return Outcome{};
  }

  Result<Outcome> bringing(const std::string& to, const std::string& far) {
    const auto* old = find_condition(keeper_.object(), "Planned");
    if (old != nullptr && old->value("message", "") == far) return Outcome{kLook};
    auto written = write([&](Json& object) {
      object["status"]["to"] = to;  // from now on the snapshot stays
      set_condition(object, {"Planned", false, "Fetching", far}, now_text());
    });
    if (!written) return tl::unexpected(written.error());
    return Outcome{kLook};
  }

  // Hooks, in the pods that have gone back; once, also if it is a successor who comes to it.
  Result<Outcome> after_release() {
    const auto& object = keeper_.object();
    if (!is_true(object, "Released") || !hooks::pending(object)) return Outcome{};
    Members members;
    for (const auto& entry : object.value(Json::json_pointer("/status/plan"), Json::array()))
      for (const auto& pod : observed_.pods)
        if (reachable(pod) && (pod.uid.value == entry.value("uid", "") || pod.name == entry.value("pod", "")))
          members.emplace(pod.uid, pod);
    const auto report = hooks::run(context_, keeper_.key().ns, members, hooks::key_of(object, "afterRollback"),
                                   save_spec_of(observed_).hooks.after_rollback);
    if (!report) return Outcome{};
    for (const auto& failure : report->failures) event(kube::EventType::Warning, "HookFailed", hooks::show(failure));
    return ended(write([&](Json& status) {
      hooks::record(status, *report);
      hooks::record_done(status);
    }));
  }

  Result<Line> again() {
    auto observed = observed_;
    auto workload = remember(context_, keeper_.key().ns, save_spec_of(observed).selector, observed.pods);
    if (!workload) return tl::unexpected(workload.error());
    observed.workload = std::move(*workload);
    return line(observed);
  }

  template <class F>
  cutline::Status write(F&& edit) {
    return keeper_.write(
        [&](Json& object) -> cutline::Status {
          edit(object);
          return {};
        },
        kPatience, context_.stop);
  }

  static Result<Outcome> ended(const cutline::Status& written) {
    if (!written) return tl::unexpected(written.error());
    return Outcome{};
  }

  void event(kube::EventType type, const std::string& reason, const std::string& message) {
    context_.events.record(keeper_.object(), type, reason, message);
  }

  Context& context_;
  const Observed& observed_;
  RecordKeeper keeper_;
};

}  // namespace

Result<Outcome> reconcile(Context& context, const kube::Key& key) {
  auto object = context.client.get(kRollbacks, key, Deadline::after(kRead));
  if (!object) return gone_or(object.error());
  auto observed = observe(context, key, *object);
  if (!observed) return tl::unexpected(observed.error());
  return std::visit(Apply{context, *observed}, plan(*observed));
}

}  // namespace cutline::op::rollback
