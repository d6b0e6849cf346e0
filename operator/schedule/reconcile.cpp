#include "operator/schedule/reconcile.hpp"

#include "base/log.hpp"
#include "base/overloaded.hpp"
#include "operator/api/conditions.hpp"
#include "operator/api/resources.hpp"
#include "operator/rounds/record_keeper.hpp"
#include "operator/schedule/record.hpp"

namespace cutline::op::schedule {
namespace {

constexpr Millis kPatience{10'000};
constexpr Millis kLongest{10'000};  // between two looks: the wall clock may be set

// What a decision was made of, beside the snapshots. Somebody who has written meanwhile has decided anew.
std::tuple<std::string, std::string, std::optional<Time>> basis(const Json& policy) {
  const auto spec = read_schedule_spec(policy);
  return {spec.suspended ? "" : text_of(spec), in_effect(policy), marked_through(policy)};
}

class Apply {
 public:
  Apply(Context& context, Json policy) : context_(context), keeper_(context.client, kPolicies, std::move(policy)) {}

  // What has to be there before the status says so.
  cutline::Status act(const Decision& decision) {
    return std::visit(
        overloaded{[&](const Fire& fire) { return make(fire); }, [&](const Skip& skip) { return skipped(skip); },
                   [&](const Refuse& refuse) { return refused(refuse); },
                   [](const auto&) { return cutline::Status{}; }},
        decision);
  }

  cutline::Status write(const Decision& decision) {
    Json next = keeper_.object();
    record(next, decision, now_text());
    if (next.value("status", Json{}) == keeper_.object().value("status", Json{})) return {};
    const auto planned_for = basis(keeper_.object());
    const auto* fire = std::get_if<Fire>(&decision);
    bool changed = false;
    auto written = keeper_.write(
        [&](Json& object) -> cutline::Status {
          changed = basis(object) != planned_for;
          if (!changed)
            record(object, decision, now_text());
          else if (fire != nullptr)
            record_made(object, fire->due);
          else
            return fail(Code::NotFound, "the schedule has changed meanwhile");
          return {};
        },
        kPatience, context_.stop);
    if (written && changed) return fail(Code::NotFound, "the schedule has changed meanwhile");
    if (written && std::holds_alternative<Adopt>(decision) && !marked_through(keeper_.object()))
      return fail(Code::Unsupported,
                  "the API server keeps no status.scheduledThrough: the CRDs are of another version, apply this one's");
    return written;
  }

  // Once it is on record.
  void count(const Decision& decision) {
    const auto count_missed = [&](const std::optional<Missed>& missed) {
      if (missed) context_.metrics.scheduled("Missed", missed->count);
    };
    if (const auto* fire = std::get_if<Fire>(&decision)) count_missed(fire->earlier);
    if (const auto* skip = std::get_if<Skip>(&decision)) {
      count_missed(skip->earlier);
      context_.metrics.scheduled(skip->reason, 1);
    }
  }

 private:
  cutline::Status make(const Fire& fire) {
    const auto& policy = keeper_.object();
    tell(fire.earlier);
    for (const auto& name : fire.replaced)
      if (auto done = replace(name, snapshot_name(kube::key_of(policy).name, fire.due)); !done) return done;
    const auto made = context_.client.create(kSnapshots, snapshot(policy, fire.due), Deadline::after(kRead));
    if (!made && made.error().code != Code::Conflict) return tl::unexpected(made.error());
    if (!made) return {};  // of our own first attempt, or of our predecessor
    log::info("snapshot is due", {{"policy", kube::to_string(keeper_.key())}, {"snapshot", kube::key_of(*made).name}});
    context_.metrics.scheduled("made", 1);
    return {};
  }

  cutline::Status skipped(const Skip& skip) {
    tell(skip.earlier);
    log::warn("snapshot left out", {{"policy", kube::to_string(keeper_.key())}, {"because", skip.because}});
    context_.events.record(keeper_.object(), kube::EventType::Warning, skip.reason, skip.because);
    return {};
  }

  cutline::Status refused(const Refuse& refuse) {
    const auto* said = find_condition(keeper_.object(), "Scheduled");
    const bool known =
        said != nullptr && said->value("reason", "") == refuse.reason && said->value("message", "") == refuse.message;
    if (!known) context_.events.record(keeper_.object(), kube::EventType::Warning, refuse.reason, refuse.message);
    return {};
  }

  void tell(const std::optional<Missed>& missed) {
    if (missed) context_.events.record(keeper_.object(), kube::EventType::Warning, "Missed", told(*missed));
  }

  // Ends a snapshot that has not committed: its round finds this at its commit, at the latest, and aborts. Whichever is
  // on record first stands.
  cutline::Status replace(const std::string& name, const std::string& by) {
    auto object = context_.client.get(kSnapshots, {keeper_.key().ns, name}, Deadline::after(kRead));
    if (!object) return object.error().code == Code::NotFound ? cutline::Status{} : tl::unexpected(object.error());
    RecordKeeper old{context_.client, kSnapshots, std::move(*object)};
    const auto written = old.write(
        [&](Json& snapshot) -> cutline::Status {
          if (has_ended(snapshot) || is_true(snapshot, "Committed"))
            return fail(Code::Conflict, "it needs no replacement any more");
          set_condition(snapshot,
                        {"Failed", true, "Replaced",
                         fmt::format("{} is due, and spec.concurrencyPolicy of the policy is Replace", by)},
                        now_text());
          return {};
        },
        kPatience, context_.stop);
    const bool over = written || written.error().code == Code::Conflict || written.error().code == Code::NotFound;
    return over ? cutline::Status{} : written;
  }

  Context& context_;
  RecordKeeper keeper_;
};

Outcome after(const Decision& decision) {
  if (const auto* wait = std::get_if<Wait>(&decision)) {
    const auto left = std::chrono::ceil<Millis>(wait->until - std::chrono::system_clock::now());
    return {std::clamp(left, Millis{1}, kLongest)};
  }
  const bool at_rest = std::holds_alternative<Off>(decision) || std::holds_alternative<Rest>(decision) ||
                       std::holds_alternative<Refuse>(decision);
  return at_rest ? Outcome{} : Outcome{Millis{0}};  // until somebody changes it; or what was recorded leads on
}

}  // namespace

Result<Outcome> reconcile(Context& context, const kube::Key& key) {
  auto policy = context.client.get(kPolicies, key, Deadline::after(kRead));
  if (!policy) return gone_or(policy.error());
  if (kube::is_being_deleted(*policy)) return Outcome{};
  Observed observed{*policy, {}, std::chrono::system_clock::now()};
  auto decision = plan(observed);
  if (std::holds_alternative<Fire>(decision) ||
      std::holds_alternative<Skip>(decision)) {  // now it matters what is there
    auto listed =
        context.client.list(kSnapshots, key.ns, fmt::format("{}={}", kPolicyLabel, key.name), Deadline::after(kRead));
    if (!listed) return forward(listed, "list snapshots of the policy");
    for (auto& item : (*listed)["items"]) observed.snapshots.push_back(std::move(item));
    decision = plan(observed);
  }
  Apply apply{context, std::move(*policy)};
  if (auto done = apply.act(decision); !done) return tl::unexpected(done.error());
  if (auto written = apply.write(decision); !written)
    return written.error().code == Code::NotFound ? Result<Outcome>{Outcome{Millis{0}}}
                                                  : tl::unexpected(written.error());
  apply.count(decision);
  return after(decision);
}

}  // namespace cutline::op::schedule
