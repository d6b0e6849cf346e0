#include "operator/hooks/run.hpp"

#include "base/log.hpp"
#include "base/pause.hpp"
#include "operator/rounds/member_watch.hpp"

namespace cutline::op::hooks {
namespace {

constexpr Millis kAnswer{5'000};  // each question is answered at once
constexpr Millis kSlack{
    60'000};  // beyond the hooks' own times: another round may have the pod, its sidecar may start again
constexpr Millis kKill{10'000};  // of each hook
constexpr Millis kFirstPause{10};
constexpr Millis kLongestPause{250};
constexpr Millis kPrecopy{10 * 60'000};
constexpr Millis kNotice{2'000};

Millis longer(Millis time) { return std::min(2 * time, kLongestPause); }

// Those that have not ended yet, with why; asked once.
void ask(Context& context, const Members& members, const protocol::RunHooks& command, std::map<PodUid, Error>& open,
         Ended& ended) {
  std::vector<control::Peer> peers;
  for (const auto& [uid, why] : open) peers.push_back(peer_of(members.at(uid)));
  for (auto& [uid, reply] : ask_all(context.fleet, peers, command, Deadline::after(kAnswer))) {
    if (!reply) {
      open[uid] = reply.error();
    } else if (auto* run = std::get_if<protocol::HooksRun>(&*reply)) {
      ended.emplace(uid, std::move(*run));
      open.erase(uid);
    } else if (const auto* refused = std::get_if<protocol::Refused>(&*reply)) {
      open[uid] = refused->why;
      if (refused->why.code == Code::Busy || refused->why.code == Code::Unavailable) continue;
      ended.emplace(uid, tl::unexpected(refused->why));
      open.erase(uid);
    } else {
      open[uid] = {Code::Timeout, "they had not ended in time"};
    }
  }
}

}  // namespace

std::optional<Report> run(Context& context, const std::string& ns, const Members& members, const std::string& key,
                          const std::vector<protocol::Hook>& list) {
  if (list.empty()) return Report{};
  auto budget = kSlack;
  for (const auto& hook : list) budget += hook.timeout + kKill;
  const auto deadline = Deadline::after(budget);
  const protocol::RunHooks command{key, list};
  MemberWatch watch{context, ns};
  std::map<PodUid, Error> open;
  for (const auto& [uid, pod] : members) open[uid] = {Code::Timeout, "no answer"};
  Ended ended;
  for (auto time = kFirstPause;; time = longer(time)) {
    ask(context, members, command, open, ended);
    for (const auto& uid : watch.gone(members))
      if (open.erase(uid) != 0) ended.emplace(uid, fail(Code::Unavailable, "the pod is gone"));
    if (open.empty() || deadline.passed()) break;
    if (!pause(time, context.stop)) return std::nullopt;
  }
  for (const auto& [uid, why] : open) ended.emplace(uid, tl::unexpected(why));
  return judge(list, members, ended);
}

bool precopy(Context& context, const Members& members, const std::string& key,
             const std::vector<protocol::Volume>& volumes, const std::function<void()>& waiting) {
  if (volumes.empty()) return true;
  const protocol::Precopy command{key, volumes};
  const auto deadline = Deadline::after(kPrecopy);
  const auto notice = Deadline::after(kNotice);
  bool noticed = false;
  auto peers = peers_of(members);
  for (auto time = kFirstPause;; time = longer(time)) {
    auto replies = ask_all(context.fleet, peers, command, Deadline::after(kAnswer));
    std::erase_if(peers, [&](const control::Peer& peer) {
      const auto& reply = replies.at(peer.uid);
      const auto* refused = reply ? std::get_if<protocol::Refused>(&*reply) : nullptr;
      if (!reply || refused != nullptr)
        log::info("volumes are not copied beforehand",
                  {{"pod", peer.uid.value}, {"error", reply ? refused->why : reply.error()}});
      return !reply || !std::holds_alternative<protocol::Precopying>(*reply);
    });
    if (peers.empty() || deadline.passed()) return true;
    if (notice.passed() && !std::exchange(noticed, true)) waiting();
    if (!pause(time, context.stop)) return false;
  }
}

}  // namespace cutline::op::hooks
