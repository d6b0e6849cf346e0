#include "operator/repository/keep.hpp"

#include "base/log.hpp"
#include "base/overloaded.hpp"
#include "kube/timestamp.hpp"
#include "operator/api/conditions.hpp"
#include "operator/api/resources.hpp"
#include "operator/repository/access.hpp"
#include "operator/repository/durable.hpp"
#include "operator/repository/keeping.hpp"
#include "operator/repository/reach.hpp"
#include "operator/snapshot/composition.hpp"
#include "operator/snapshot/plan.hpp"
#include "repository/tags.hpp"

namespace cutline::op::repository {
namespace {

namespace r = cutline::repository;

constexpr Millis kAsk{10'000};
constexpr Millis kKeepPatience{30'000};
constexpr Millis kAgain{300};
constexpr std::chrono::minutes kForgetting{3};  // then a deletion goes on without

class Step {
 public:
  Step(Context& context, RecordKeeper& keeper, std::string name)
      : context_(context), keeper_(keeper), name_(std::move(name)) {}

  Result<Outcome> operator()(const Nothing&) { return Outcome{}; }

  Result<Outcome> operator()(const Never& never) {
    context_.events.record(keeper_.object(), kube::EventType::Warning, "NotDurable", never.why);
    context_.metrics.kept("never");
    if (auto written = write([&](Json& object) { record_never(object, never.why, now_text()); }); !written)
      return tl::unexpected(written.error());
    return Outcome{};
  }

  Result<Outcome> operator()(const Ask& ask) {
    if (auto waits = must_wait()) return *waits;
    const auto access = reach();
    if (!access) return trouble(access.error());
    const auto pods = context_.pods(keeper_.key().ns, Deadline::after(kRead));
    if (!pods) return tl::unexpected(pods.error());
    std::vector<std::pair<control::Peer, protocol::Command>> questions;
    for (const auto& [uid, checkpoint, digest] : ask.uploads)
      if (const auto* pod = find_pod(*pods, uid); pod != nullptr)
        questions.emplace_back(peer_of(*pod), protocol::Upload{checkpoint, digest, keeper_.key().ns, *access});
    const auto answers = ask_each(context_.fleet, std::move(questions), Deadline::after(kAsk));
    const auto before = bytes_read();
    if (auto written = write([&](Json& object) { record(object, name_, answers, now_text()); }); !written)
      return tl::unexpected(written.error());
    count(before, answers);
    if (const auto* stuck = std::get_if<Ask>(&now_next(*pods)); stuck == nullptr) return Outcome{Millis{0}};
    if (kube::string_at(*find_condition(keeper_.object(), "Durable"), "/reason") != "Uploading")
      context_.keeping.ended(uid());
    return Outcome{pause(keeper_.object())};
  }

  // Written once: one that is there and verifies is taken.
  Result<Outcome> operator()(const Seal&) {
    const auto access = reach();
    if (!access) return trouble(access.error());
    const auto id = sealed(r::Restic{*access, context_.keeping.program()});
    if (!id) return trouble(id.error());
    if (auto written = write([&](Json& object) { record_durable(object, *id, now_text()); }); !written)
      return tl::unexpected(written.error());
    if (auto noted = note_checkpoints(); !noted)
      log::warn("LocalCheckpoints not told that they are durable", {{"error", noted.error()}});
    context_.metrics.kept("durable");
    context_.keeping.changed(place());
    context_.events.record(keeper_.object(), kube::EventType::Normal, "Durable",
                           "all checkpoints and their signed manifest are in " + name_);
    return Outcome{{}, true};
  }

 private:
  [[nodiscard]] std::string uid() const { return kube::uid_of(keeper_.object()); }
  [[nodiscard]] kube::Key place() const { return {keeper_.key().ns, name_}; }

  // Behind another snapshot of its policy, or until the repository has been cleared.
  std::optional<Result<Outcome>> must_wait() {
    if (has_begun(keeper_.object())) {
      context_.keeping.uploads(place(), uid());
      return {};
    }
    const auto snapshots = context_.items(kSnapshots, keeper_.key().ns, Deadline::after(kRead));
    if (!snapshots) return tl::unexpected(snapshots.error());
    if (const auto before = goes_before(keeper_.object(), *snapshots); !before.empty()) {
      if (auto written = write([&](Json& object) { record_waiting(object, before, now_text()); }); !written)
        return tl::unexpected(written.error());
      return Outcome{pause(keeper_.object())};
    }
    if (!context_.keeping.begins(place(), uid())) return Outcome{kAgain};
    return {};
  }

  [[nodiscard]] std::uint64_t bytes_read() const {
    std::uint64_t out = 0;
    for (const auto& part : op::snapshot::parts(keeper_.object())) out += part.row.value("uploaded", std::uint64_t{0});
    return out;
  }
  void count(std::uint64_t before, const std::map<PodUid, Result<protocol::Reply>>& answers) {
    std::uint64_t added = 0;
    for (const auto& [uid, answer] : answers)
      if (const auto* uploaded = answer ? std::get_if<protocol::Uploaded>(&*answer) : nullptr)
        added += value(uploaded->added);
    const auto now = bytes_read();
    context_.metrics.uploaded(Bytes{now - std::min(before, now)}, Bytes{added});
  }

  const Next& now_next(const std::vector<Pod>& pods) { return next_.emplace(next(keeper_.object(), pods)); }

  Result<protocol::Repository> reach() { return repository::reach(context_, keeper_.key().ns, name_, For::Writing); }

  Result<std::string> sealed(const r::Restic& restic) {
    const auto& object = keeper_.object();
    const auto key = keeper_.key();
    const auto tags = r::manifest_tags(key.ns, key.name, kube::uid_of(object));
    const auto there = restic.find(tags, Deadline::after(kRestic));
    if (!there) return tl::unexpected(there.error());
    const auto checkpoints = context_.items(kCheckpoints, key.ns, Deadline::after(kRead));
    if (!checkpoints) return tl::unexpected(checkpoints.error());
    const auto manifest = manifest_of(object, *checkpoints, CUTLINE_VERSION);
    const auto& signing = context_.keeping.signing();
    for (const auto& one : *there) {
      const auto text = restic.text_of(one.id, r::kManifestName, Deadline::after(kRestic));
      if (!text) return tl::unexpected(text.error());
      if (const auto known = r::verify(*text, signing.trusted); known &&
                                                                known->members.size() == manifest.members.size() &&
                                                                known->left_out.size() == manifest.left_out.size())
        return one.id;
    }
    auto kept =
        restic.keep_text(r::sign(manifest, signing.key), r::kManifestName, "cutline", tags, Deadline::after(kRestic));
    if (!kept) return tl::unexpected(kept.error());
    return std::move(kept->id);
  }

  cutline::Status note_checkpoints() {
    const auto checkpoints = context_.items(kCheckpoints, keeper_.key().ns, Deadline::after(kRead));
    if (!checkpoints) return tl::unexpected(checkpoints.error());
    for (const auto& member : keeper_.object().at(Json::json_pointer("/status/members"))) {
      const auto object = std::ranges::find_if(*checkpoints, [&](const Json& c) {
        return kube::string_at(c, "/spec/uid") == member.value("uid", "") &&
               kube::string_at(c, "/spec/digest") == member.value("digest", "");
      });
      if (object == checkpoints->end()) continue;
      Json next = *object;
      next["status"]["kept"] = {{{"node", member.value("node", "")}},
                                {{"repository", name_}, {"id", member.value("stored", "")}}};
      next["status"]["storedBytes"] = member.value("added", std::uint64_t{0});
      set_condition(next, {"Durable", true, "InRepository", "it is in " + name_}, now_text());
      const auto written = context_.client.merge_patch(
          kCheckpoints, kube::key_of(next), {{"status", next.at("status")}}, Deadline::after(kRead), "status");
      if (!written && written.error().code != Code::NotFound) return tl::unexpected(written.error());
    }
    return {};
  }

  Result<Outcome> trouble(const Error& why) {
    if (auto written = write([&](Json& object) { record_trouble(object, name_, why, now_text()); }); !written)
      return tl::unexpected(written.error());
    return Outcome{pause(keeper_.object())};
  }

  template <class Change>
  cutline::Status write(const Change& change) {
    return keeper_.write_if_new(change, kKeepPatience, context_.stop);
  }

  Context& context_;
  RecordKeeper& keeper_;
  std::string name_;
  std::optional<Next> next_;
};

// Whether there is a way to it: without the repository's object or its Secrets there is none, however long one waits.
cutline::Status reachable(Context& context, const kube::Key& key) {
  const auto repository = context.client.get(kRepositories, key, Deadline::after(kRead));
  if (!repository) return tl::unexpected(repository.error());
  const auto access = read_access(context.client, *repository, Deadline::after(kRead));
  return access ? cutline::Status{} : tl::unexpected(access.error());
}

std::chrono::seconds deleted_since(const Json& object) {
  const auto at = kube::parse_time(kube::string_at(object, "/metadata/deletionTimestamp"));
  return at ? std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now() - *at)
            : std::chrono::seconds{0};
}

}  // namespace

Result<Outcome> keep(Context& context, RecordKeeper& keeper, const std::optional<Json>& policy) {
  auto name = repository_of(keeper.object(), policy);
  if (name.empty() || is_true(keeper.object(), "Durable")) return Outcome{};
  const auto uid = kube::uid_of(keeper.object());
  if (const auto wait = context.keeping.must_wait(uid)) return Outcome{wait};
  const auto pods = context.pods(keeper.key().ns, Deadline::after(kRead));
  if (!pods) return tl::unexpected(pods.error());
  auto outcome = std::visit(Step{context, keeper, std::move(name)}, next(keeper.object(), *pods));
  if (outcome) context.keeping.look_again(uid, outcome->again);
  return outcome;
}

cutline::Status forget(Context& context, const Json& snapshot, const std::optional<Json>& policy) {
  auto& keeping = context.keeping;
  const auto uid = kube::uid_of(snapshot);
  keeping.look_again(uid, {});
  // What was left out was perhaps kept for this one, though it has not begun itself.
  const auto name = repository_of(snapshot, policy);
  const bool left_out = std::ranges::any_of(op::snapshot::parts(snapshot), &op::snapshot::Part::left_out);
  if (name.empty() || !(has_begun(snapshot) || left_out) || snapshot.contains(Json::json_pointer("/spec/importFrom")))
    return {};  // what was imported is another object's
  const kube::Key key{kube::key_of(snapshot).ns, name};
  auto done = reachable(context, key);
  if (done) {
    keeping.forget(key, snapshot);
    done = keeping.forgotten(key, uid).value_or(fail(Code::Busy, "it waits for its turn in the repository"));
    if (done) return done;
  }
  const bool hopeless = done.error().code == Code::NotFound || done.error().code == Code::Unsupported;
  if (!hopeless && deleted_since(snapshot) < kForgetting) return done;
  keeping.let_go(key, uid);
  const auto epoch = value(op::snapshot::recorded_epoch(snapshot));
  context.events.record(snapshot, kube::EventType::Warning, "LeftInRepository",
                        fmt::format("what {} holds of it (tags cutline, epoch={}) stays there{}: {}", key.name, epoch,
                                    hopeless ? "" : " for now", done.error().message));
  return {};
}

}  // namespace cutline::op::repository
