#include "operator/rounds/record_keeper.hpp"

#include <condition_variable>
#include <mutex>

namespace cutline::op {
namespace {

constexpr Millis kOneCall{5000};
constexpr Millis kPause{100};

void pause(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock{mutex};
  (void)never.wait_for(lock, stop, kPause, [] { return false; });
}

}  // namespace

cutline::Status RecordKeeper::write(const Change& change, Millis patience, const std::stop_token& stop) {
  const auto deadline = Deadline::after(patience);
  for (;;) {
    Json next = object_;
    if (auto allowed = change(next); !allowed) return allowed;
    next["status"]["observedGeneration"] = next.value(Json::json_pointer("/metadata/generation"), 0);
    const Json patch = {{"metadata", {{"resourceVersion", kube::resource_version_of(object_)}}}, {"status", next["status"]}};
    auto written = client_.merge_patch(resource_, key(), patch, Deadline::after(kOneCall), "status");
    if (written) {
      object_ = std::move(*written);
      return {};
    }
    const Error why = written.error();
    if (why.code == Code::NotFound || why.code == Code::Invalid || why.code == Code::Unsupported) return tl::unexpected(why);
    if (deadline.passed() || stop.stop_requested()) return tl::unexpected(why.in("write status"));
    if (why.code != Code::Conflict) pause(stop);
    // After a conflict, a time-out or a lost answer: what is there now decides.
    if (auto now = client_.get(resource_, key(), Deadline::after(kOneCall))) object_ = std::move(*now);
    else if (now.error().code == Code::NotFound) return tl::unexpected(now.error());
  }
}

}  // namespace cutline::op
