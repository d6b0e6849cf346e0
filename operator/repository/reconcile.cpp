#include "operator/repository/reconcile.hpp"

#include "base/log.hpp"
#include "kube/timestamp.hpp"
#include "operator/api/conditions.hpp"
#include "operator/api/resources.hpp"
#include "operator/api/spec.hpp"
#include "operator/repository/access.hpp"
#include "operator/repository/durable.hpp"
#include "operator/repository/keeping.hpp"
#include "operator/rounds/record_keeper.hpp"

namespace cutline::op::repository {
namespace {

namespace r = cutline::repository;

constexpr Millis kRead{10'000};
constexpr Millis kPatience{10'000};
constexpr Millis kQuestion{30'000};
constexpr std::chrono::hours kLongest{6};
constexpr std::chrono::hours kCheckEvery{24};
constexpr Millis kAgain{30'000};
constexpr Millis kAgainInTrouble{10'000};

bool check_is_due(const Json& repository) {
  const auto last = kube::parse_time(kube::string_at(repository, "/status/lastCheck"));
  return !last || std::chrono::system_clock::now() - *last > kCheckEvery;
}

class Turn {
 public:
  Turn(Context& context, Json object) : context_(context), keeper_(context.client, kRepositories, std::move(object)) {}

  Result<Outcome> take() {
    const auto access = read_access(context_.client, keeper_.object(), Deadline::after(kRead));
    if (!access) return not_ready(access.error());
    const r::Restic restic{*access, context_.keeping.program()};
    if (auto made = restic.make(Deadline::after(kQuestion)); !made) return not_ready(made.error());
    const bool due = check_is_due(keeper_.object());
    if (context_.keeping.take_waste(keeper_.key()) || due)
      if (auto cleared = clear(restic); !cleared) log::warn("repository not cleared", {{"object", name()}, {"error", cleared.error()}});
    std::optional<std::string> checked;
    if (due) {
      if (auto whole = restic.check(Deadline::after(kLongest)); whole) checked = now_text();
      else if (whole.error().code == Code::Corrupt) return not_ready(whole.error());
      else log::warn("repository not checked", {{"object", name()}, {"error", whole.error()}});
    }
    return ready(restic, checked);
  }

 private:
  [[nodiscard]] std::string name() const { return kube::to_string(keeper_.key()); }

  // What programs left that ended without a word, and bytes that nobody refers to.
  cutline::Status clear(const r::Restic& restic) {
    if (auto unlocked = restic.unlock(Deadline::after(kQuestion)); !unlocked) return unlocked;
    auto pruned = restic.prune(Deadline::after(kQuestion));
    if (!pruned) context_.keeping.leaves_waste(keeper_.key());  // at the next turn
    return pruned;
  }

  Result<Outcome> ready(const r::Restic& restic, const std::optional<std::string>& checked) {
    const auto size = restic.size(Deadline::after(kQuestion));
    if (!size) return not_ready(size.error());
    const auto checkpoints = restic.find({"cutline", "checkpoint"}, Deadline::after(kQuestion));
    if (!checkpoints) return not_ready(checkpoints.error());
    return write(
        [&](Json& object) {
          set_condition(object, {"Ready", true, "Reached", "it can be written to and read"}, now_text());
          object["status"]["bytes"] = value(size->bytes);
          object["status"]["checkpoints"] = checkpoints->size();
          if (checked) object["status"]["lastCheck"] = *checked;
        },
        kAgain);
  }

  Result<Outcome> not_ready(const Error& why) {
    const auto reason = reason_of(why);
    const auto* known = find_condition(keeper_.object(), "Ready");
    if (known == nullptr || known->value("reason", "") != reason) context_.events.record(keeper_.object(), kube::EventType::Warning, reason, why.message);
    return write([&](Json& object) { set_condition(object, {"Ready", false, reason, why.message}, now_text()); }, kAgainInTrouble);
  }

  template <class Change>
  Result<Outcome> write(const Change& change, Millis again) {
    Json next = keeper_.object();
    change(next);
    if (next.value("status", Json{}) == keeper_.object().value("status", Json{})) return Outcome{again};
    auto written = keeper_.write([&](Json& object) -> cutline::Status { change(object); return {}; }, kPatience, context_.stop);
    if (!written) return tl::unexpected(written.error());
    return Outcome{again};
  }

  Context& context_;
  RecordKeeper keeper_;
};

Result<Outcome> refuse(Context& context, Json object, const std::vector<std::string>& fields) {
  if (is_true(object, "NotImplemented")) return Outcome{};
  const auto message = fmt::format("this version does not carry out {} yet", fmt::join(fields, ", "));
  RecordKeeper keeper{context.client, kRepositories, std::move(object)};
  auto written = keeper.write([&](Json& repository) -> cutline::Status {
    set_condition(repository, {"NotImplemented", true, "NotImplemented", message}, now_text());
    set_condition(repository, {"Ready", false, "NotImplemented", message}, now_text());
    return {};
  }, kPatience, context.stop);
  if (!written) return tl::unexpected(written.error());
  return Outcome{};
}

}  // namespace

Result<Outcome> reconcile(Context& context, const kube::Key& key) {
  auto object = context.client.get(kRepositories, key, Deadline::after(kRead));
  if (!object) return gone_or(object.error());
  if (kube::is_being_deleted(*object)) return Outcome{};
  if (const auto fields = not_implemented(*object); !fields.empty()) return refuse(context, *std::move(object), fields);
  return Turn{context, *std::move(object)}.take();
}

}  // namespace cutline::op::repository
