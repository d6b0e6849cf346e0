#include "operator/rollback/run.hpp"

#include "base/overloaded.hpp"
#include "operator/api/conditions.hpp"
#include "operator/api/text.hpp"
#include "operator/rollback/outside.hpp"
#include "operator/rounds/driver.hpp"
#include "operator/rounds/member_watch.hpp"
#include "operator/snapshot/composition.hpp"

namespace cutline::op::rollback {
namespace {

namespace proto = protocol::rollback;

constexpr Millis kHold{10'000};
constexpr Millis kMargin{1'000};  // for Stop to arrive
constexpr Millis kPrepareBudget{60'000};
constexpr Millis kRestoreBudget{120'000};
constexpr int kAttempts = 3;

class Run {
 public:
  Run(Context& context, RecordKeeper& keeper, const Line& line, Epoch epoch, Again again)
      : context_(context), keeper_(keeper), line_(line), again_(std::move(again)) {
    plan_.epoch = epoch;
    plan_.hold = kHold;
    plan_.prepare_budget = kPrepareBudget;
    plan_.restore_budget = kRestoreBudget;
    plan_.attempts = kAttempts;
    if (again_) plan_.margin = kMargin;
    for (const auto& entry : line.entries) {
      plan_.members.emplace(entry.pod.uid, entry.target);
      members_.emplace(entry.pod.uid, entry.pod);
    }
  }

  [[nodiscard]] const proto::Plan& plan() const { return plan_; }

  Ending drive(proto::Event first) {
    DriverOptions options;
    for (const auto& [uid, pod] : members_) options.peers.emplace(uid, peer_of(pod));
    options.gone = [this] { return watch_.gone(members_); };
    options.on_reply = [this](const PodUid& from, const protocol::Reply& reply) {
      if (const auto* opened = std::get_if<protocol::Opened>(&reply)) held_ = std::max(held_, opened->gated);
      if (const auto* restored = std::get_if<protocol::Restored>(&reply)) written_[from] = restored->written;
      if (const auto* refused = std::get_if<protocol::Refused>(&reply))
        log::warn("member refused", {{"epoch", plan_.epoch}, {"pod", members_.at(from).name}, {"error", refused->why}});
    };
    Driver<RollbackProtocol> driver{context_.fleet, std::move(options),
                                    [this](const proto::Record& record) { return persist(record); }};
    const auto end = driver.run(std::move(first), context_.stop);
    if (!end) return Ending::Stopped;
    return conclude(end->outcome);
  }

 private:
  cutline::Status persist(const proto::Record& record) {
    return std::visit(overloaded{[this](const proto::Reserve& r) { return reserve(r); },
                                 [this](const proto::Irrevocable& r) { return irrevocable(r); },
                                 [this](const proto::Commit& c) { return commit(c); },
                                 [this](const proto::Failure& f) { return failure(f); }},
                      record);
  }

  cutline::Status reserve(const proto::Reserve& r) {
    return write([&](Json& object) {
      record_plan(object, line_, now_text());
      object["status"]["epoch"] = value(r.epoch);
      object["status"]["membersRestored"] = fmt::format("0/{}", members_.size());
    });
  }

  // The gates of those that go back are closed now. What stays went on meanwhile: does the line still hold?
  cutline::Status irrevocable(const proto::Irrevocable& r) {
    if (auto holds = check_again(); !holds) {
      moved_ = holds.error().code == Code::Busy;
      return holds;
    }
    return write([&](Json& object) {
      record_severed(object, line_);
      set_condition(
          object,
          {"Irrevocable", true, "AllPrepared",
           fmt::format("epoch {}: every member has verified its checkpoint; from here only forward", value(r.epoch))},
          now_text());
    });
  }

  cutline::Status commit(const proto::Commit& c) {
    sever(context_, line_, plan_.epoch);
    if (auto gone = remove_restarted(context_, keeper_.key().ns, line_); !gone) return gone;
    Micros slowest{0};
    return write([&](Json& object) {
      for (auto& entry : object["status"]["plan"]) {
        const auto found = c.timings.find(PodUid{entry.value("uid", "")});
        if (found == c.timings.end()) continue;
        entry["restored"] = show(found->second.restore);
        entry["written"] = value(written_[found->first]);
        slowest = std::max(slowest, found->second.restore);
      }
      object["status"]["membersRestored"] = fmt::format("{0}/{0}", members_.size());
      object["status"]["timings"]["restore"] = show(slowest);
      set_condition(object,
                    {"Restored", true, "AllRestored", fmt::format("{} pods stand at the line", members_.size())},
                    now_text());
    });
  }

  cutline::Status failure(const proto::Failure& f) {
    const auto why = with_names(f.why, members_);
    busy_ = (why.code == Code::Busy || moved_) && !f.held;
    log::warn("rollback failed", {{"epoch", f.epoch}, {"object", kube::to_string(keeper_.key())}, {"error", why}});
    return write([&](Json& object) {
      if (busy_) {
        object["status"]["epoch"] = 0;
        set_condition(object, {"Planned", false, "Busy", why.message}, now_text());
        return;
      }
      const std::string tail = f.held ? "; every gate stays closed: roll back again, to this or to an earlier snapshot"
                                      : "; nothing was touched";
      set_condition(object, {"Failed", true, f.held ? "Held" : name(why.code), why.message + tail}, now_text());
    });
  }

  Ending conclude(proto::Outcome outcome) {
    context_.metrics.round_ended("rollback", outcome == proto::Outcome::Released ? "released"
                                             : outcome == proto::Outcome::Held   ? "held"
                                                                                 : "untouched");
    switch (outcome) {
      case proto::Outcome::Held:
        return Ending::Held;
      case proto::Outcome::Untouched:
        return busy_ ? Ending::Busy : Ending::Untouched;
      case proto::Outcome::Released:
        break;
    }
    const Micros total{std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - began_)};
    auto written = write([&](Json& object) {
      if (held_ > Micros{0}) object["status"]["timings"]["held"] = show(held_);
      object["status"]["timings"]["total"] = show(total);
      set_condition(object, {"Released", true, "GatesOpen", "every gate is open again"}, now_text());
    });
    if (!written)
      log::error("released, but not recorded",
                 {{"object", kube::to_string(keeper_.key())}, {"error", written.error()}});
    return Ending::Released;
  }

  cutline::Status check_again() {
    if (!again_) return {};
    auto now = again_();
    if (!now) return tl::unexpected(now.error());
    if (!same_way(line_, *now))
      return fail(Code::Busy,
                  "the pods that stay have received more meanwhile, so the line is another one: planned again");
    line_.severed = std::move(now->severed);
    return {};
  }

  template <class F>
  cutline::Status write(F&& edit) {
    return keeper_.write(
        [&](Json& object) -> cutline::Status {
          if (has_ended(object)) return fail(Code::Conflict, "another coordinator has ended this rollback");
          edit(object);
          return {};
        },
        kRecordPatience, context_.stop);
  }

  Context& context_;
  RecordKeeper& keeper_;
  Line line_;
  Again again_;
  proto::Plan plan_;
  Members members_;
  MemberWatch watch_{context_, keeper_.key().ns};
  Instant began_ = std::chrono::steady_clock::now();
  Micros held_{0};
  std::map<PodUid, Bytes> written_;
  bool busy_ = false;
  bool moved_ = false;
};

}  // namespace

void record_severed(Json& object, const Line& line) {
  auto& severed = object["status"]["severed"];
  severed = Json::array();
  for (const auto& [pod, connections] : line.severed)
    for (const auto& c : connections)
      severed.push_back({{"pod", pod.name},
                         {"uid", pod.uid.value},
                         {"local", protocol::show(c.local)},
                         {"remote", protocol::show(c.remote)}});
}

namespace {

Json row_of(const Entry& entry) {
  Json out = {{"pod", entry.pod.name},        {"uid", entry.pod.uid.value},
              {"from", entry.from},           {"to", entry.to},
              {"because", entry.because},     {"epoch", value(entry.target.checkpoint)},
              {"digest", entry.target.digest}};
  if (!entry.target.names.empty()) out["names"] = snapshot::json_of(entry.target.names);
  if (entry.gone.empty()) return out;
  Json addresses = Json::array();
  for (const auto& [from, to] : entry.target.addresses) addresses.push_back({{"from", from}, {"to", to}});
  out["standsInFor"] = {{"pod", entry.gone}, {"uid", entry.target.of.value}, {"addresses", std::move(addresses)}};
  return out;
}

// With what cannot be carried over.
std::string summary(const Line& line) {
  auto out = fmt::format("{} pods go back to {}", line.entries.size(),
                         line.snapshot.empty() ? "the recovery line" : line.snapshot);
  if (const auto anew = std::ranges::count_if(line.entries, [](const Entry& e) { return !e.gone.empty(); }); anew > 0)
    out += fmt::format(", {} of them in the place of pods that are gone", anew);
  if (line.external > 0) out += fmt::format("; {} connections to outside of the workload are closed", line.external);
  return out;
}

}  // namespace

void record_plan(Json& object, const Line& line, const std::string& now) {
  auto& status = object["status"];
  status["to"] = line.snapshot;
  status["dominoDepth"] = line.domino_depth;
  status["lost"] = {
      {"bytes", line.lost_bytes}, {"connections", line.lost_connections + line.external}, {"external", line.external}};
  status["plan"] = Json::array();
  for (const auto& entry : line.entries) status["plan"].push_back(row_of(entry));
  record_severed(object, line);
  set_condition(object, {"Planned", true, "LineFound", summary(line)}, now);
}

Ending run(Context& context, RecordKeeper& keeper, const Line& line, Epoch epoch, Again again) {
  Run run{context, keeper, line, epoch, std::move(again)};
  return run.drive(proto::Begin{run.plan(), std::chrono::steady_clock::now()});
}

Ending run(Context& context, RecordKeeper& keeper, const Recover& recover) {
  Run run{context, keeper, recover.line, recover.epoch, {}};
  return run.drive(proto::Recover{run.plan(), recover.phase, std::chrono::steady_clock::now()});
}

}  // namespace cutline::op::rollback
