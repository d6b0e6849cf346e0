#include "operator/context.hpp"

#include <future>

#include "operator/api/resources.hpp"
#include "operator/api/text.hpp"

namespace cutline::op {

Result<std::vector<Pod>> Context::pods(const std::string& ns, Deadline deadline) const {
  auto listed = client.list(kPods, ns, "", deadline);
  if (!listed) return forward(listed, "list pods");
  std::vector<Pod> out;
  for (const auto& item : (*listed)["items"]) out.push_back(read_pod(item));
  return out;
}

std::map<PodUid, Result<protocol::Reply>> ask_all(control::Fleet& fleet, const std::vector<control::Peer>& peers,
                                                  const protocol::Command& command, Deadline deadline) {
  std::vector<std::pair<PodUid, std::future<Result<protocol::Reply>>>> asked;
  for (const auto& peer : peers) {
    auto promise = std::make_shared<std::promise<Result<protocol::Reply>>>();
    asked.emplace_back(peer.uid, promise->get_future());
    fleet.call(peer, command, deadline, [promise](Result<protocol::Reply> reply) { promise->set_value(std::move(reply)); });
  }
  std::map<PodUid, Result<protocol::Reply>> out;
  for (auto& [uid, answer] : asked) out.emplace(uid, answer.get());  // the fleet answers each by the deadline
  return out;
}

std::string now_text() { return show(std::chrono::system_clock::now()); }

}  // namespace cutline::op
