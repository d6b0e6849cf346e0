#include "operator/snapshot/reconcile.hpp"

#include "base/log.hpp"
#include "base/overloaded.hpp"
#include "operator/api/conditions.hpp"
#include "operator/api/resources.hpp"
#include "operator/hooks/run.hpp"
#include "operator/repository/import.hpp"
#include "operator/repository/keep.hpp"
#include "operator/rounds/finalizer.hpp"
#include "operator/rounds/local_checkpoint.hpp"
#include "operator/snapshot/record.hpp"
#include "operator/snapshot/run.hpp"

namespace cutline::op::snapshot {
namespace {

constexpr Millis kPreflightBudget{10'000};
constexpr Millis kForgetBudget{5'000};
constexpr Millis kForgetAgain{3'000};
constexpr Millis kForgetSoon{500};
constexpr Millis kPatience{30'000};
constexpr std::chrono::seconds kApplied{30};
constexpr Millis kHooksAgain{2'000};  // an application is not quiesced over and over while another round has it

// Whether a rollback to it has not ended.
Result<bool> is_used(Context& context, const kube::Key& snapshot, Deadline deadline) {
  const auto rollbacks = context.items(kRollbacks, snapshot.ns, deadline);
  if (!rollbacks) return tl::unexpected(rollbacks.error());
  return std::ranges::any_of(*rollbacks, [&](const Json& rollback) {
    return !has_ended(rollback) && !read_rollback_spec(rollback).dry_run &&
           kube::string_at(rollback, "/status/to") == snapshot.name;
  });
}

Result<Observed> observe(Context& context, const kube::Key& key, Json object) {
  Observed out;
  const auto deadline = Deadline::after(kRead);
  if (const auto policy = read_snapshot_spec(object).policy) {
    auto found = context.client.get(kPolicies, {key.ns, *policy}, deadline);
    if (found)
      out.policy = std::move(*found);
    else if (found.error().code != Code::NotFound)
      return tl::unexpected(found.error());
  }
  auto pods = context.pods(key.ns, deadline);
  if (!pods) return tl::unexpected(pods.error());
  out.pods = std::move(*pods);
  if (kube::is_being_deleted(object)) {
    auto used = is_used(context, key, deadline);
    if (!used) return tl::unexpected(used.error());
    out.used_by_rollback = *used;
  }
  const bool incremental = protocol_of(object, out.policy) == "Incremental";
  for (const auto& [resource, list, wanted] :
       {std::tuple{&kSnapshots, &out.snapshots, incremental || kube::is_being_deleted(object)},
        std::tuple{&kServices, &out.services, incremental}}) {
    if (wanted) {
      auto listed = context.items(*resource, key.ns, deadline);
      if (!listed) return tl::unexpected(listed.error());
      *list = std::move(*listed);
    }
  }
  out.age = age_of(object);
  out.object = std::move(object);
  return out;
}

class Apply {
 public:
  Apply(Context& context, const Observed& observed)
      : context_(context), observed_(observed), keeper_(context.client, kSnapshots, observed.object) {}

  Result<Outcome> operator()(const Nothing&) { return complete(); }

  Result<Outcome> operator()(const Later& later) {
    const bool deleting = kube::is_being_deleted(keeper_.object());
    if (!deleting) (void)note({"Planned", false, name(later.why.code), later.why.message});
    return Outcome{Millis{1000}};
  }

  Result<Outcome> operator()(const AddFinalizer&) {
    if (auto added = add_finalizer(context_.client, kSnapshots, keeper_.object()); !added)
      return tl::unexpected(added.error());
    return Outcome{Millis{0}};
  }

  Result<Outcome> operator()(const Import& import) {
    const auto kept = find(import.from);
    if (!kept && may_pass(kept.error())) return (*this)(Later{kept.error()});
    if (!kept) return (*this)(Refuse{kept.error()});
    auto epoch = context_.next_epoch(keeper_.key().ns, Deadline::after(kRead));
    if (!epoch) return tl::unexpected(epoch.error());
    auto written = keeper_.write(
        [&](Json& object) -> cutline::Status {
          repository::record_imported(object, import.from.repository, *kept, *epoch, now_text());
          return {};
        },
        kPatience, context_.stop);
    if (!written) return tl::unexpected(written.error());
    event(kube::EventType::Normal, "Imported", find_condition(keeper_.object(), "Committed")->value("message", ""));
    return Outcome{};
  }

  Result<Outcome> operator()(const Refuse& refuse) {
    event(kube::EventType::Warning, name(refuse.why.code), refuse.why.message);
    auto written = keeper_.write(
        [&](Json& object) -> cutline::Status {
          record(object, refuse.why, now_text());
          return {};
        },
        kPatience, context_.stop);
    if (!written) return tl::unexpected(written.error());
    return Outcome{};
  }

  Result<Outcome> operator()(const Begin& begin) {
    if (auto fit = preflight(begin.members); !fit)
      return fit.error().code == Code::Unavailable ? (*this)(Later{fit.error()}) : (*this)(Refuse{fit.error()});
    if (auto over = get_ready(begin)) return *std::move(over);
    auto epoch = context_.next_epoch(keeper_.key().ns, Deadline::after(kRead));
    if (!epoch) return tl::unexpected(epoch.error());
    log::info("round begins",
              {{"epoch", *epoch}, {"object", kube::to_string(keeper_.key())}, {"members", begin.members.size()}});
    return conclude(run(context_, keeper_, begin,
                        *epoch));  // an error here leaves hooks pending, and the next turn goes on with them
  }

  Result<Outcome> operator()(const Recover& recover) {
    log::info("round recovered", {{"epoch", recover.epoch},
                                  {"object", kube::to_string(keeper_.key())},
                                  {"committed", recover.committed ? "yes" : "no"}});
    return conclude(run(context_, keeper_, recover));
  }

  Result<Outcome> operator()(const Collect& collect) {
    const auto tell = [](const std::map<PodUid, Result<protocol::Reply>>& replies) {
      for (const auto& [uid, reply] : replies)
        if (!reply)
          log::warn("a sidecar was not told; it collects by itself", {{"pod", uid.value}, {"error", reply.error()}});
    };
    if (collect.open)
      tell(ask_all(context_.fleet, peers_of(collect.members), protocol::Abort{collect.epoch},
                   Deadline::after(kForgetBudget)));  // thaw first
    std::vector<std::pair<control::Peer, protocol::Command>> questions;
    for (const auto& [peer, checkpoint] : collect.forget) questions.emplace_back(peer, protocol::Forget{checkpoint});
    tell(ask_each(context_.fleet, std::move(questions), Deadline::after(kForgetBudget)));
    if (auto gone = repository::forget(context_, keeper_.object(), observed_.policy); !gone) {
      if (gone.error().code == Code::Busy) return Outcome{kForgetSoon};
      log::warn("not forgotten in the repository yet",
                {{"object", kube::to_string(keeper_.key())}, {"error", gone.error()}});
      return Outcome{kForgetAgain};
    }
    if (auto removed = remove_finalizer(context_.client, kSnapshots, keeper_.object()); !removed)
      return tl::unexpected(removed.error());
    return Outcome{};
  }

  // Hooks after the thaw: run whatever became of the round, for what those before the freeze have done must not stay.
  // False: the operator stops.
  bool undo(const Undo& due) {
    const auto& object = keeper_.object();
    if (!hooks::pending(object)) return true;
    const auto report =
        hooks::run(context_, keeper_.key().ns, due.members, hooks::key_of(object, "afterThaw"), due.hooks);
    if (!report) return false;
    for (const auto& failure : report->failures)
      event(kube::EventType::Warning, "HookFailed", "after the thaw: " + hooks::show(failure));
    auto written = keeper_.write(
        [&](Json& status) -> cutline::Status {
          hooks::record(status, *report);
          hooks::record_done(status);
          return {};
        },
        kPatience, context_.stop);
    if (!written)
      log::warn("hooks were run, but that is not recorded",
                {{"object", kube::to_string(keeper_.key())}, {"error", written.error()}});
    return true;
  }

 private:
  Result<repository::Kept> find(const ImportSpec& from) {
    const auto access = repository::reach(context_, keeper_.key().ns, from.repository);
    return access ? repository::find_kept(context_, *access, from.ns, from.snapshot) : tl::unexpected(access.error());
  }

  // One kubectl apply may bring the snapshot before its repository, and that takes a moment to be ready.
  [[nodiscard]] bool may_pass(const Error& why) const {
    if (why.code == Code::Corrupt || why.code == Code::Unsupported) return false;
    return why.code != Code::NotFound || age_of(keeper_.object()) < kApplied;
  }

  // Volumes are copied, then hooks run and have ended in every pod; only then may a request leave. Nothing: it may.
  // Else it is over.
  std::optional<Result<Outcome>> get_ready(const Begin& begin) {
    const auto& save = begin.save;
    const auto said = [this] {
      (void)note({"Planned", false, "CopyingVolumes", "volumes are copied while the applications run"});
    };
    if (!hooks::precopy(context_, begin.members, hooks::key_of(keeper_.object(), "volumes"), save.options.volumes,
                        said))
      return Outcome{};
    if (!save.hooks.around_a_snapshot()) return std::nullopt;
    auto promised = keeper_.write(
        [&](Json& object) -> cutline::Status {
          if (has_ended(object)) return fail(Code::Conflict, "another coordinator has ended this snapshot");
          hooks::record_pending(object);
          return {};
        },
        kPatience, context_.stop);
    if (!promised) return tl::unexpected(promised.error());
    const auto report = hooks::run(context_, keeper_.key().ns, begin.members,
                                   hooks::key_of(keeper_.object(), "beforeFreeze"), save.hooks.before_freeze);
    if (!report) return Outcome{};
    for (const auto& failure : report->failures)
      event(kube::EventType::Warning, "HookFailed", "before the freeze: " + hooks::show(failure));
    const auto* fatal = report->fatal();
    auto written = keeper_.write(
        [&](Json& object) -> cutline::Status {
          hooks::record(object, *report);
          if (fatal != nullptr)
            set_condition(object, {"Failed", true, "HookFailed", hooks::show(*fatal) + "; nothing was frozen"},
                          now_text());
          return {};
        },
        kPatience, context_.stop);
    if (!written) return tl::unexpected(written.error());
    if (fatal == nullptr) return std::nullopt;
    context_.metrics.round_ended("snapshot", "aborted");
    (void)undo(after_thaw(observed_));
    return Outcome{};
  }

  // Asked before anything is frozen. Findings stand in the status; a fatal one refuses the snapshot.
  cutline::Status preflight(const Members& members) {
    std::vector<Findings> all;
    for (auto& [uid, reply] :
         ask_all(context_.fleet, peers_of(members), protocol::Preflight{}, Deadline::after(kPreflightBudget))) {
      const auto& pod = members.at(uid);
      if (!reply) return fail(Code::Unavailable, "pod {}: {}", pod.name, reply.error().message);
      if (auto* refused = std::get_if<protocol::Refused>(&*reply))
        return tl::unexpected(refused->why.in("pod " + pod.name));
      if (auto* found = std::get_if<protocol::Findings>(&*reply); found != nullptr && !found->findings.empty())
        all.push_back({pod.name, std::move(found->findings)});
    }
    if (all.empty()) return {};
    (void)keeper_.write(
        [&](Json& object) -> cutline::Status {
          record(object, all);
          return {};
        },
        kPatience, context_.stop);
    for (const auto& [pod, findings] : all)
      for (const auto& f : findings)
        if (f.fatal)
          return fail(Code::Unsupported, "pod {}, container {}, process {}: {}: {}", pod, f.container, f.process,
                      f.object, f.remedy);
    return {};
  }

  Result<Outcome> conclude(Ending ending) {
    const bool quiesced = hooks::pending(keeper_.object());
    if (ending != Ending::Stopped && !undo(after_thaw(observed_))) return Outcome{};
    switch (ending) {
      case Ending::Committed:
        event(kube::EventType::Normal, "Committed",
              find_condition(keeper_.object(), "Committed")->value("message", ""));
        return told(complete());
      case Ending::Aborted:
        if (const auto* failed = find_condition(keeper_.object(), "Failed"))
          event(kube::EventType::Warning, failed->value("reason", "Failed"), failed->value("message", ""));
        return Outcome{};
      case Ending::Busy:
        return Outcome{quiesced ? kHooksAgain : Millis{300}};
      case Ending::Stopped:
        return Outcome{};
    }
    return Outcome{};
  }

  // There is one more for retention to count.
  static Result<Outcome> told(Result<Outcome> outcome) {
    if (outcome) outcome->to_policy = true;
    return outcome;
  }

  // After the release: one LocalCheckpoint a member. Names are deterministic: what is there stays.
  Result<Outcome> complete() {
    const auto& object = keeper_.object();
    if (!is_true(object, "Committed") || kube::is_being_deleted(object)) return Outcome{};
    if (is_true(object, "Recorded")) return repository::keep(context_, keeper_, observed_.policy);
    const auto saved = remembered();
    for (const auto& member : object.at(Json::json_pointer("/status/members"))) {
      if (member.value("digest", "").empty()) continue;  // its pod went, or its disk was full, before it was kept
      const auto found = saved.find(PodUid{member.value("uid", "")});
      const auto checkpoint = local_checkpoint(object, member, found == saved.end() ? nullptr : &found->second);
      if (auto made = make_local_checkpoint(context_.client, checkpoint, Deadline::after(kRead)); !made)
        return tl::unexpected(made.error());
    }
    if (auto noted = note({"Recorded", true, "LocalCheckpoints", "each member's checkpoint is an object of its own"});
        !noted)
      return tl::unexpected(noted.error());
    return repository::keep(context_, keeper_, observed_.policy);
  }

  // The members' checkpoints of this round, from those sidecars that answer.
  std::map<PodUid, protocol::LocalCheckpoint> remembered() {
    std::map<PodUid, protocol::LocalCheckpoint> out;
    const auto pods = context_.pods(keeper_.key().ns, Deadline::after(kRead));
    if (!pods) return out;
    const auto peers = peers_of(recorded_members(keeper_.object(), *pods));
    for (const auto& [uid, reply] : ask_all(context_.fleet, peers, protocol::Recall{}, Deadline::after(kForgetBudget)))
      if (const auto* history = reply ? std::get_if<protocol::History>(&*reply) : nullptr)
        for (const auto& checkpoint : history->checkpoints)
          if (checkpoint.epoch == recorded_epoch(keeper_.object())) out.emplace(uid, checkpoint);
    return out;
  }

  cutline::Status note(const Condition& condition) {
    const auto* old = find_condition(keeper_.object(), condition.type);
    if (old != nullptr && old->value("message", "") == condition.message) return {};
    return keeper_.write(
        [&](Json& object) -> cutline::Status {
          set_condition(object, condition, now_text());
          return {};
        },
        kPatience, context_.stop);
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
  auto object = context.client.get(kSnapshots, key, Deadline::after(kRead));
  if (!object) return gone_or(object.error());
  const auto observed = observe(context, key, *std::move(object));
  if (!observed) return tl::unexpected(observed.error());
  Apply apply{context, *observed};
  if (const auto due = undo(*observed); due && !apply.undo(*due)) return Outcome{};
  return std::visit(apply, plan(*observed));
}

}  // namespace cutline::op::snapshot
