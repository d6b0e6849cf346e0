#include "operator/rounds/record_keeper.hpp"

#include "base/pause.hpp"

namespace cutline::op {
namespace {

constexpr Millis kOneCall{5000};
constexpr Millis kPause{100};

}  // namespace

cutline::Status RecordKeeper::write(const Change& change, Millis patience, const std::stop_token& stop) {
  const auto deadline = Deadline::after(patience);
  for (;;) {
    Json next = object_;
    if (auto allowed = change(next); !allowed) return allowed;
    next["status"]["observedGeneration"] = next.value(Json::json_pointer("/metadata/generation"), 0);
    const Json patch = {{"metadata", {{"resourceVersion", kube::resource_version_of(object_)}}},
                        {"status", next["status"]}};
    auto written = client_.merge_patch(resource_, key(), patch, Deadline::after(kOneCall), "status");
    if (written) {
      object_ = std::move(*written);
      return {};
    }
    const Error why = written.error();
    if (why.code == Code::NotFound || why.code == Code::Invalid || why.code == Code::Unsupported)
      return tl::unexpected(why);
    if (deadline.passed() || stop.stop_requested()) return tl::unexpected(why.in("write status"));
    if (why.code != Code::Conflict) (void)pause(kPause, stop);
    // After a conflict, a time-out or a lost answer: what is there now decides.
    if (auto now = client_.get(resource_, key(), Deadline::after(kOneCall)))
      object_ = std::move(*now);
    else if (now.error().code == Code::NotFound)
      return tl::unexpected(now.error());
  }
}

cutline::Status RecordKeeper::write_if_new(const std::function<void(Json& object)>& change, Millis patience,
                                           const std::stop_token& stop) {
  Json next = object_;
  change(next);
  if (next.value("status", Json{}) == object_.value("status", Json{})) return {};
  return write(
      [&](Json& object) -> cutline::Status {
        change(object);
        return {};
      },
      patience, stop);
}

}  // namespace cutline::op
