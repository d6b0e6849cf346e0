#include "operator/rollback/outside.hpp"

#include "base/log.hpp"
#include "operator/api/resources.hpp"

namespace cutline::op::rollback {
namespace {

constexpr Millis kTell{3'000};
constexpr Millis kRemove{10'000};
constexpr int kRemovals = 3;

}  // namespace

void sever(Context& context, const Line& line, Epoch epoch) {
  std::map<PodUid, std::pair<control::Peer, protocol::Command>> open;
  for (const auto& [pod, connections] : line.severed)
    open.emplace(pod.uid, std::pair{peer_of(pod), protocol::Sever{epoch, connections}});
  for (int attempt = 0; attempt < kRemovals && !open.empty(); ++attempt) {
    std::vector<std::pair<control::Peer, protocol::Command>> questions;
    for (const auto& [uid, question] : open) questions.push_back(question);
    for (const auto& [uid, reply] : ask_each(context.fleet, std::move(questions), Deadline::after(kTell)))
      if (reply && std::holds_alternative<protocol::Severed>(*reply)) open.erase(uid);
  }
  for (const auto& [uid, question] : open) log::warn("connections not severed", {{"pod", uid.value}, {"epoch", epoch}});
}

cutline::Status remove_restarted(Context& context, const std::string& ns, const Line& line) {
  for (const auto& entry : line.entries) {
    if (value(entry.target.checkpoint) != 0) continue;
    const auto removed =
        context.client.remove(kPods, {ns, entry.pod.name}, Deadline::after(kRemove), entry.pod.uid.value);
    const bool gone = removed || removed.error().code == Code::NotFound || removed.error().code == Code::Conflict;
    if (!gone) return forward(removed, "begin anew: pod " + entry.pod.name);
  }
  return {};
}

}  // namespace cutline::op::rollback
