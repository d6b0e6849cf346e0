#include "operator/rounds/member_watch.hpp"

namespace cutline::op {

std::set<PodUid> MemberWatch::gone(const Members& members) {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return gone_;
  next_ = now + std::chrono::seconds{1};
  const auto pods = context_.pods(ns_, Deadline::after(Millis{500}));
  if (!pods) return gone_;
  for (const auto& [uid, pod] : members) {
    const auto alive = [&](const Pod& p) { return p.uid == uid && !p.ending; };
    if (std::ranges::none_of(*pods, alive)) gone_.insert(uid);
  }
  return gone_;
}

}  // namespace cutline::op
