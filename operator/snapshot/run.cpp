#include "operator/snapshot/run.hpp"

#include "base/overloaded.hpp"
#include "operator/api/conditions.hpp"
#include "operator/api/resources.hpp"
#include "operator/pods/services.hpp"
#include "operator/rounds/driver.hpp"
#include "operator/rounds/member_watch.hpp"
#include "operator/snapshot/record.hpp"

namespace cutline::op::snapshot {
namespace {

namespace round = protocol::round;

// The kernel's timers are up to 10 ms early; the rest is for the clocks' rates and for scheduling.
constexpr Millis kMargin{50};
constexpr Millis kRecall{5'000};

// An answer that comes twice: the second knows no more how long the gate was closed.
void hear(protocol::Opened& known, const protocol::Opened& now) {
  known.gated = std::max(known.gated, now.gated);
  if (!now.digest.empty()) known.digest = now.digest;
}

// All pods of the workload, before the first is saved: what was left out is known by what it tells here.
Result<Workload> ask_everybody(Context& context, const Members& members, const std::vector<Json>& services) {
  const auto told = ask_all(context.fleet, peers_of(members), protocol::Recall{}, Deadline::after(kRecall));
  Workload out;
  for (const auto& [uid, pod] : members) {
    const auto& answer = told.at(uid);
    const auto* history = answer ? std::get_if<protocol::History>(&*answer) : nullptr;
    if (history == nullptr) {
      const auto* refused = answer ? std::get_if<protocol::Refused>(&*answer) : nullptr;
      return fail(Code::Unavailable, "pod {}: {}", pod.name,
                  !answer              ? answer.error().message
                  : refused != nullptr ? refused->why.message
                                       : "it answered something else");
    }
    out.pods.push_back({pod, services_of(pod, services), *history, {}});
  }
  return out;
}

class Run {
 public:
  // `services`, `owners`: of an incremental snapshot.
  Run(Context& context, RecordKeeper& keeper, const Members& members, const std::vector<Json>& services = {},
      Owners owners = {})
      : context_(context), keeper_(keeper), members_(members), services_(services), owners_(std::move(owners)) {}

  Ending drive(round::Event first) {
    DriverOptions options;
    for (const auto& [uid, pod] : members_) options.peers.emplace(uid, peer_of(pod));
    options.gone = [this] { return watch_.gone(members_); };
    options.on_reply = [this](const PodUid& from, const protocol::Reply& reply) {
      if (const auto* opened = std::get_if<protocol::Opened>(&reply)) hear(opened_[from], *opened);
    };
    Driver<SnapshotProtocol> driver{context_.fleet, std::move(options),
                                    [this](const round::Record& record) { return persist(record); }};
    const auto ended = driver.run(std::move(first), context_.stop);
    if (!ended) return Ending::Stopped;
    if (ended->committed) return released();
    context_.metrics.round_ended("snapshot", busy_ ? "busy" : "aborted");
    return busy_ ? Ending::Busy : Ending::Aborted;
  }

 private:
  cutline::Status persist(const round::Record& record) {
    return std::visit(overloaded{[this](const round::Reserve& r) { return reserve(r); },
                                 [this](const round::Commit& c) { return commit(c); },
                                 [this](const round::Failure& f) { return failure(f); }},
                      record);
  }

  cutline::Status reserve(const round::Reserve& r) {
    if (r.closure) workload_ = ask_everybody(context_, members_, services_);
    return keeper_.write(
        [&](Json& object) -> cutline::Status {
          if (has_ended(object)) return fail(Code::Conflict, "another coordinator has ended this snapshot");
          record(object, r, members_, now_text());
          return {};
        },
        kRecordPatience, context_.stop);
  }

  cutline::Status commit(const round::Commit& c) {
    const auto proof = prove(c, members_);
    if (auto consistent = verdict(proof, members_); !consistent) {
      log::error("cut refused",
                 {{"epoch", c.epoch}, {"object", kube::to_string(keeper_.key())}, {"error", consistent.error()}});
      return consistent;
    }
    for (const auto& [uid, checkpoint] : c.checkpoints) context_.metrics.frozen(checkpoint.timings.frozen);
    const auto composition = workload_ && *workload_ ? std::optional{compose(c, **workload_)} : std::nullopt;
    return keeper_.write(
        [&](Json& object) -> cutline::Status {
          if (recorded_epoch(object) != c.epoch || is_true(object, "Failed"))
            return fail(Code::Conflict, "another coordinator has ended this round");
          record(object, c, members_, proof, now_text());
          if (composition)
            record(object, *composition, c, **workload_, owners_, now_text());
          else if (workload_)
            record_not_composed(object, workload_->error().message, now_text());
          return {};
        },
        kRecordPatience, context_.stop);
  }

  // Busy is no failure of the snapshot: it waits its turn, and begins again under another epoch.
  cutline::Status failure(const round::Failure& f) {
    const auto why = with_names(f.why, members_);
    busy_ = why.code == Code::Busy;
    log::warn("round aborted", {{"epoch", f.epoch}, {"object", kube::to_string(keeper_.key())}, {"error", why}});
    return keeper_.write(
        [&](Json& object) -> cutline::Status {
          if (has_ended(object)) return fail(Code::Conflict, "it has ended already");
          if (busy_) {
            object["status"]["epoch"] = 0;
            set_condition(object, {"Planned", false, "Busy", why.message}, now_text());
          } else {
            record(object, why, now_text());
          }
          return {};
        },
        kRecordPatience, context_.stop);
  }

  Ending released() {
    Micros total{std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - began_)};
    auto written = keeper_.write(
        [&](Json& object) -> cutline::Status {
          record_released(object, opened_, total, now_text());
          return {};
        },
        kRecordPatience, context_.stop);
    if (!written)
      log::error("released, but not recorded",
                 {{"object", kube::to_string(keeper_.key())}, {"error", written.error()}});
    for (const auto& [uid, opened] : opened_) context_.metrics.held(opened.gated);
    context_.metrics.round_ended("snapshot", "committed");
    return Ending::Committed;
  }

  Context& context_;
  RecordKeeper& keeper_;
  const Members& members_;
  std::vector<Json> services_;
  Owners owners_;
  std::optional<Result<Workload>> workload_;  // of an incremental snapshot
  Instant began_ = std::chrono::steady_clock::now();
  MemberWatch watch_{context_, keeper_.key().ns};
  std::map<PodUid, protocol::Opened> opened_;
  bool busy_ = false;
};

std::set<PodUid> uids(const Members& members) {
  std::set<PodUid> out;
  for (const auto& [uid, pod] : members) out.insert(uid);
  return out;
}

round::Incremental incremental(const Begin& begin) {
  round::Incremental out{
      *begin.initiator,
      begin.save.incremental.paper ? protocol::ClosureRule::Paper : protocol::ClosureRule::Consistent,
      {}};
  for (const auto& [uid, pod] : begin.members)
    out.candidates.push_back({uid, pod.addresses, services_of(pod, begin.services)});
  return out;
}

}  // namespace

Ending run(Context& context, RecordKeeper& keeper, const Begin& begin, Epoch epoch) {
  round::Plan plan{epoch, {}, begin.save.deadline, kMargin, begin.save.options, {}};
  if (begin.initiator)
    plan.incremental = incremental(begin);
  else
    plan.members = uids(begin.members);
  return Run{context, keeper, begin.members, begin.services, begin.owners}.drive(
      round::Begin{std::move(plan), std::chrono::steady_clock::now()});
}

Ending run(Context& context, RecordKeeper& keeper, const Recover& recover) {
  round::Plan plan{recover.epoch, uids(recover.members), recover.save.deadline, kMargin, recover.save.options, {}};
  return Run{context, keeper, recover.members}.drive(
      round::Recover{std::move(plan), recover.committed, std::chrono::steady_clock::now()});
}

}  // namespace cutline::op::snapshot
