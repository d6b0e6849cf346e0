#include "operator/rollback/reconcile.hpp"

#include "base/log.hpp"
#include "operator/api/conditions.hpp"
#include "operator/api/resources.hpp"
#include "operator/rollback/run.hpp"
#include "operator/rounds/finalizer.hpp"

namespace cutline::op::rollback {
namespace {

constexpr Millis kRead{10'000};
constexpr Millis kPatience{30'000};

Result<Observed> observe(Context& context, const kube::Key& key, const Json& object) {
  Observed out;
  const auto deadline = Deadline::after(kRead);
  auto pods = context.pods(key.ns, deadline);
  if (!pods) return tl::unexpected(pods.error());
  out.pods = std::move(*pods);
  auto snapshots = context.client.list(kSnapshots, key.ns, "", deadline);
  if (!snapshots) return tl::unexpected(snapshots.error());
  for (auto& snapshot : (*snapshots)["items"]) out.snapshots.push_back(std::move(snapshot));
  out.age = age_of(object);
  out.object = object;
  return out;
}

class Apply {
 public:
  Apply(Context& context, Json object) : context_(context), keeper_(context.client, kRollbacks, std::move(object)) {}

  Result<Outcome> operator()(const Nothing&) { return Outcome{}; }

  Result<Outcome> operator()(const Later& later) {
    const auto* old = find_condition(keeper_.object(), "Planned");
    if (old == nullptr || old->value("message", "") != later.why.message)
      (void)write([&](Json& object) { set_condition(object, {"Planned", false, name(later.why.code), later.why.message}, now_text()); });
    return Outcome{Millis{1000}};
  }

  Result<Outcome> operator()(const Refuse& refuse) {
    event(kube::EventType::Warning, name(refuse.why.code), refuse.why.message);
    return ended(write([&](Json& object) {
      if (!refuse.not_implemented.empty())
        set_condition(object, {"NotImplemented", true, "NotImplemented", fmt::format("{}", fmt::join(refuse.not_implemented, ", "))}, now_text());
      set_condition(object, {"Failed", true, name(refuse.why.code), refuse.why.message}, now_text());
    }));
  }

  Result<Outcome> operator()(const Show& show) {
    return ended(write([&](Json& object) { record_plan(object, show.line, now_text()); }));
  }

  Result<Outcome> operator()(const Begin& begin) {
    auto epoch = context_.lease.next_epoch(Deadline::after(kRead));
    if (!epoch) return tl::unexpected(epoch.error());
    log::info("rollback begins", {{"epoch", *epoch}, {"object", kube::to_string(keeper_.key())}, {"to", begin.line.snapshot}});
    return conclude(run(context_, keeper_, begin.line, Epoch{*epoch}));
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
        return Outcome{};
      case Ending::Untouched:
      case Ending::Held:
        if (const auto* failed = find_condition(keeper_.object(), "Failed"))
          event(kube::EventType::Warning, failed->value("reason", "Failed"), failed->value("message", ""));
        return Outcome{};
      case Ending::Busy: return Outcome{Millis{300}};
      case Ending::Stopped: return Outcome{};
    }
    return Outcome{};
  }

  template <class F>
  cutline::Status write(F&& edit) {
    return keeper_.write([&](Json& object) -> cutline::Status { edit(object); return {}; }, kPatience, context_.stop);
  }

  static Result<Outcome> ended(const cutline::Status& written) {
    if (!written) return tl::unexpected(written.error());
    return Outcome{};
  }

  void event(kube::EventType type, const std::string& reason, const std::string& message) {
    context_.events.record(keeper_.object(), type, reason, message);
  }

  Context& context_;
  RecordKeeper keeper_;
};

}  // namespace

Result<Outcome> reconcile(Context& context, const kube::Key& key) {
  auto object = context.client.get(kRollbacks, key, Deadline::after(kRead));
  if (!object) return object.error().code == Code::NotFound ? Result<Outcome>{Outcome{}} : tl::unexpected(object.error());
  auto observed = observe(context, key, *object);
  if (!observed) return tl::unexpected(observed.error());
  return std::visit(Apply{context, std::move(*object)}, plan(*observed));
}

}  // namespace cutline::op::rollback
