#include "operator/repository/check.hpp"

#include "base/log.hpp"
#include "operator/api/conditions.hpp"
#include "operator/api/resources.hpp"
#include "operator/api/text.hpp"
#include "operator/repository/access.hpp"
#include "operator/repository/keeping.hpp"
#include "operator/rounds/record_keeper.hpp"

namespace cutline::op::repository {
namespace {

namespace r = cutline::repository;

constexpr Millis kCheckPatience{10'000};
constexpr Millis kNotReadyYet{5'000};
constexpr Millis kCheckAgain{10 * 60'000};
constexpr Millis kCheckAlone{10 * 60'000};
constexpr std::chrono::hours kLongest{12};

// Its bytes stay where they are while it is read.
class Reading {
 public:
  Reading(Keeping& keeping, kube::Key key) : keeping_(keeping), key_(std::move(key)) { keeping_.reads(key_, true); }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;
  ~Reading() { keeping_.reads(key_, false); }

 private:
  Keeping& keeping_;
  kube::Key key_;
};

// Beside what goes on, at first. What seems damaged then is looked at again, alone.
cutline::Status look(const Context& context, const r::Restic& restic, const std::string& part) {
  const r::Attention attention{.stop = context.stop};
  auto whole = restic.check(part, r::Restic::Company::Others, Deadline::after(kLongest), attention);
  if (whole || whole.error().code != Code::Corrupt) return whole;
  return restic.check(part, r::Restic::Company::Alone, Deadline::after(kCheckAlone), attention);
}

Result<Outcome> conclude(Context& context, Json object, const CheckSpec& spec, const cutline::Status& whole,
                         Micros took) {
  const auto name = kube::to_string(kube::key_of(object));
  if (!whole && whole.error().code != Code::Corrupt) {
    log::warn("repository not checked", {{"object", name}, {"error", whole.error()}});
    return Outcome{std::min(kCheckAgain, std::chrono::duration_cast<Millis>(spec.interval))};
  }
  const auto* known = find_condition(object, "Intact");
  const bool changes = known == nullptr || (known->value("status", "") == "True") != whole.has_value();
  if (!whole)
    context.events.record(object, kube::EventType::Warning, "Damaged", whole.error().message);
  else if (changes && known != nullptr)
    context.events.record(object, kube::EventType::Normal, "Intact", "a check finds nothing damaged any more");
  const auto message =
      whole
          ? fmt::format("all is there that its snapshots refer to, and {} of the data was read and is right (took {})",
                        spec.read_data, show(took))
          : whole.error().message;
  RecordKeeper keeper{context.client, kRepositories, std::move(object)};
  auto written = keeper.write(
      [&](Json& repository) -> cutline::Status {
        set_condition(repository, {"Intact", whole.has_value(), whole ? "Checked" : "Damaged", message}, now_text());
        repository["status"]["lastCheck"] = now_text();
        return {};
      },
      kCheckPatience, context.stop);
  if (!written) return tl::unexpected(written.error());
  context.metrics.checked(name, whole.has_value());  // not of one that has gone meanwhile
  context.keeping.looked(keeper.key(), Millis{0});   // it is ready now, or is so no longer
  return Outcome{
      until_check(keeper.object(), std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()))};
}

}  // namespace

Result<Outcome> check(Context& context, const kube::Key& key) {
  auto object = context.client.get(kRepositories, key, Deadline::after(kRead));
  if (!object) return gone_or(object.error());
  if (kube::is_being_deleted(*object)) return Outcome{};
  const auto* intact = find_condition(*object, "Intact");
  const bool damaged = intact != nullptr && intact->value("status", "") == "False";
  if (!is_true(*object, "Ready") && !damaged) return Outcome{kNotReadyYet};
  const auto wait = until_check(*object, std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
  if (wait > Millis{0}) return Outcome{wait};
  const auto access = read_access(context.client, *object, Deadline::after(kRead));
  if (!access) return Outcome{kNotReadyYet};
  const auto spec = read_check_spec(*object);
  const auto began = std::chrono::steady_clock::now();
  cutline::Status whole;
  {
    const Reading reading{context.keeping, key};
    whole = look(context, r::Restic{*access, context.keeping.program()}, spec.read_data);
  }
  return conclude(context, *std::move(object), spec, whole,
                  std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - began));
}

}  // namespace cutline::op::repository
