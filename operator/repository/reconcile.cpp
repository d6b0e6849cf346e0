#include "operator/repository/reconcile.hpp"

#include "base/log.hpp"
#include "operator/api/conditions.hpp"
#include "operator/api/resources.hpp"
#include "operator/repository/access.hpp"
#include "operator/repository/durable.hpp"
#include "operator/repository/keeping.hpp"
#include "operator/repository/server.hpp"
#include "operator/rounds/record_keeper.hpp"
#include "operator/snapshot/composition.hpp"
#include "repository/tags.hpp"

namespace cutline::op::repository {
namespace {

namespace r = cutline::repository;

constexpr Millis kPatience{10'000};
constexpr Millis kQuestion{30'000};
constexpr Millis kAlone{15'000};  // uploads wait meanwhile
constexpr Millis kClearing{30 * 60'000};
constexpr Millis kLookEvery{30'000};
constexpr Millis kAgainInTrouble{10'000};
constexpr Millis kTurnAgain{300};
constexpr std::size_t kShownOfId = 10;
constexpr Millis kStartsAgain{2'000};

// What this snapshot consists of, but for what other snapshots consist of too.
bool is_of(const r::Found& found, const std::string& snapshot_uid, const std::vector<op::snapshot::Part>& parts,
           const op::snapshot::Needed& needed) {
  const auto has = [&](const std::string& tag) { return std::ranges::find(found.tags, tag) != found.tags.end(); };
  if (has("manifest")) return has("uid=" + snapshot_uid);
  return std::ranges::any_of(parts, [&](const op::snapshot::Part& part) {
    return has(fmt::format("epoch={}", value(part.epoch))) && has("uid=" + part.uid().value) &&
           !needed.contains({part.uid(), part.epoch});
  });
}

// Of one repository, all that was asked for. `there`: all snapshots of the namespace.
cutline::Status forget(const r::Restic& restic, const std::string& ns, const std::vector<Json>& snapshots,
                       const std::vector<Json>& there) {
  const auto all = restic.find({r::kOurs, "namespace=" + ns}, Deadline::after(kQuestion));
  if (!all) return tl::unexpected(all.error());
  std::set<std::string> ids;
  for (const auto& snapshot : snapshots) {
    const auto needed = op::snapshot::needed_by_others(snapshot, there, op::snapshot::Where::InRepository);
    const auto parts = op::snapshot::parts(snapshot);
    for (const auto& found : *all)
      if (is_of(found, kube::uid_of(snapshot), parts, needed)) ids.insert(found.id);
  }
  auto gone = restic.forget({ids.begin(), ids.end()}, Deadline::after(kAlone));
  if (gone)
    log::info("forgotten in the repository",
              {{"namespace", ns}, {"snapshots", snapshots.size()}, {"of_restic", ids.size()}});
  return gone;
}

class Turn {
 public:
  Turn(Context& context, Json object)
      : context_(context),
        keeping_(context.keeping),
        keeper_(context.client, kRepositories, std::move(object)),
        key_(keeper_.key()) {}

  Result<Outcome> take() {
    const bool look = !is_true(keeper_.object(), "Ready") || keeping_.look_is_due(key_);
    if (look && is_on_volume(keeper_.object())) {
      const auto standing = provide_server(context_, keeper_.object(), Deadline::after(kQuestion));
      if (const auto* why = std::get_if<Error>(&standing)) return not_ready(*why);
      if (const auto* starts = std::get_if<Starts>(&standing)) return starting(starts->what);
    }
    const auto access = read_access(context_.client, keeper_.object(), Deadline::after(kRead));
    if (!access) return not_ready(access.error());
    const r::Restic restic{*access, keeping_.program()};
    if (look)
      if (auto opened = open(restic); !opened) return not_ready(opened.error());
    if (const auto outcome = clear(restic); outcome) return *outcome;
    if (!look) return Outcome{kLookEvery};
    if (const auto* intact = find_condition(keeper_.object(), "Intact");
        intact != nullptr && intact->value("status", "") == "False")
      return not_ready({Code::Corrupt, intact->value("message", "")});
    return ready(restic);
  }

 private:
  // Made if it is not there, but for one that was: what its snapshots' objects name does not come back in an empty one.
  cutline::Status open(const r::Restic& restic) {
    const auto known = kube::string_at(keeper_.object(), "/status/id");
    if (known.empty())
      if (auto made = restic.make(Deadline::after(kQuestion)); !made) return made;
    auto id = restic.identity(Deadline::after(kQuestion));
    if (!id && id.error().code == Code::NotFound && !known.empty())
      return fail(
          Code::NotFound,
          "the repository {} that was here is gone: bring it back, or make this object anew to begin with an empty one",
          known.substr(0, kShownOfId));
    if (!id) return tl::unexpected(id.error());
    if (!known.empty() && *id != known)
      return fail(Code::NotFound,
                  "another repository is here ({}) than was before ({}): bring that back, or make this object anew to "
                  "go on with this one",
                  id->substr(0, kShownOfId), known.substr(0, kShownOfId));
    id_ = *std::move(id);
    return {};
  }

  // What is to be forgotten, and the bytes that nobody refers to. An outcome: not now.
  std::optional<Outcome> clear(const r::Restic& restic) {
    const auto snapshots = keeping_.to_forget(key_);
    const bool waste = keeping_.waste_is_due(key_);
    if (snapshots.empty() && !waste) return {};
    if (!keeping_.take_turn(key_)) return Outcome{kTurnAgain};
    cutline::Status done;
    if (!snapshots.empty()) {
      const auto there = context_.items(kSnapshots, key_.ns, Deadline::after(kRead));
      done = there ? forget(restic, key_.ns, snapshots, *there) : tl::unexpected(there.error());
      keeping_.tried(key_, snapshots, done);
      if (done) keeping_.leaves_waste(key_);
    }
    if (done && keeping_.waste_is_due(key_)) done = prune(restic);
    keeping_.give_back(key_);
    keeping_.changed(key_);
    if (done) return {};
    log::warn("repository not cleared", {{"object", kube::to_string(key_)}, {"error", done.error()}});
    return Outcome{kAgainInTrouble};
  }

  // Locks first, which programs left that ended without a word.
  cutline::Status prune(const r::Restic& restic) {
    const auto began = std::chrono::steady_clock::now();
    if (auto unlocked = restic.unlock(Deadline::after(kQuestion)); !unlocked) return unlocked;
    auto pruned = restic.prune(Deadline::after(kClearing));
    if (pruned) keeping_.cleared(key_, std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - began));
    return pruned;
  }

  // Counted when something has changed, or nobody has yet.
  Result<Outcome> ready(const r::Restic& restic) {
    std::optional<r::Size> size;
    std::size_t checkpoints = 0;
    const bool changed = keeping_.take_change(key_);
    if (changed ||
        !keeper_.object().contains(Json::json_pointer("/status/checkpoints"))) {  // an object made anew tells it, too
      const auto found = restic.find({r::kOurs, "checkpoint"}, Deadline::after(kQuestion));
      if (!found) return not_ready(found.error());
      const auto counted = restic.size(Deadline::after(kQuestion));
      if (!counted) return not_ready(counted.error());
      size = *counted;
      checkpoints = found->size();
      context_.metrics.repository(kube::to_string(key_), size->bytes, checkpoints);
    }
    keeping_.looked(key_, kLookEvery);
    return write(
        [&](Json& object) {
          set_condition(object, {"Ready", true, "Reached", "it can be written to and read"}, now_text());
          object["status"]["id"] = id_;
          if (find_condition(object, "NotImplemented") != nullptr)  // an earlier version said so of volumes
            set_condition(object, {"NotImplemented", false, "AllImplemented", "this version can use it"}, now_text());
          if (!size) return;
          object["status"]["bytes"] = value(size->bytes);
          object["status"]["checkpoints"] = checkpoints;
        },
        kLookEvery);
  }

  // Of a server that is on its way nobody need be told.
  Result<Outcome> starting(const std::string& what) {
    return write([&](Json& object) { set_condition(object, {"Ready", false, "Starting", what}, now_text()); },
                 kStartsAgain);
  }

  Result<Outcome> not_ready(const Error& why) {
    const auto reason = reason_of(why);
    const auto* known = find_condition(keeper_.object(), "Ready");
    if (known == nullptr || known->value("reason", "") != reason)
      context_.events.record(keeper_.object(), kube::EventType::Warning, reason, why.message);
    keeping_.changed(key_);
    return write([&](Json& object) { set_condition(object, {"Ready", false, reason, why.message}, now_text()); },
                 kAgainInTrouble);
  }

  template <class Change>
  Result<Outcome> write(const Change& change, Millis again) {
    auto written = keeper_.write_if_new(change, kPatience, context_.stop);
    if (!written) return tl::unexpected(written.error());
    return Outcome{again};
  }

  Context& context_;
  Keeping& keeping_;
  RecordKeeper keeper_;
  kube::Key key_;
  std::string id_;  // of the repository, once it is open
};

}  // namespace

Result<Outcome> reconcile(Context& context, const kube::Key& key) {
  auto object = context.client.get(kRepositories, key, Deadline::after(kRead));
  if (!object) {
    if (object.error().code == Code::NotFound) context.metrics.repository_gone(kube::to_string(key));
    return gone_or(object.error());
  }
  if (kube::is_being_deleted(*object)) return Outcome{};
  return Turn{context, *std::move(object)}.take();
}

}  // namespace cutline::op::repository
