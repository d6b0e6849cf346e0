#include "operator/context.hpp"

#include <future>

#include "kube/timestamp.hpp"
#include "operator/api/resources.hpp"

namespace cutline::op {

Result<std::vector<Pod>> Context::pods(const std::string& ns, Deadline deadline) const {
  auto listed = items(kPods, ns, deadline);
  if (!listed) return tl::unexpected(listed.error());
  std::vector<Pod> out;
  for (const auto& item : *listed)
    if (auto pod = read_pod(item); !pod.labels.contains(kRepositoryLabel)) out.push_back(std::move(pod));
  return out;
}

Result<std::vector<kube::Json>> Context::items(const kube::Resource& resource, const std::string& ns,
                                               Deadline deadline) const {
  auto listed = client.list(resource, ns, "", deadline);
  if (!listed) return forward(listed, "list " + resource.plural);
  std::vector<kube::Json> out;
  for (auto& item : (*listed)["items"]) out.push_back(std::move(item));
  return out;
}

Result<Epoch> Context::next_epoch(const std::string& ns, Deadline deadline) const {
  std::uint64_t floor = 0;
  for (const auto* kind : {&kSnapshots, &kRollbacks}) {
    const auto objects = items(*kind, ns, deadline);
    if (!objects) return tl::unexpected(objects.error());
    for (const auto& object : *objects)
      floor = std::max(floor, object.value(kube::Json::json_pointer("/status/epoch"), std::uint64_t{0}));
  }
  const auto epoch = lease.next_epoch(deadline, floor);
  return epoch ? Result<Epoch>{Epoch{*epoch}} : tl::unexpected(epoch.error());
}

Result<Outcome> gone_or(const Error& error) {
  return error.code == Code::NotFound ? Result<Outcome>{Outcome{}} : tl::unexpected(error);
}

std::map<PodUid, Result<protocol::Reply>> ask_all(control::Fleet& fleet, const std::vector<control::Peer>& peers,
                                                  const protocol::Command& command, Deadline deadline) {
  std::vector<std::pair<control::Peer, protocol::Command>> questions;
  for (const auto& peer : peers) questions.emplace_back(peer, command);
  return ask_each(fleet, std::move(questions), deadline);
}

std::map<PodUid, Result<protocol::Reply>> ask_each(control::Fleet& fleet,
                                                   std::vector<std::pair<control::Peer, protocol::Command>> questions,
                                                   Deadline deadline) {
  std::vector<std::pair<PodUid, std::future<Result<protocol::Reply>>>> asked;
  std::vector<control::Call> calls;
  for (auto& [peer, command] : questions) {
    auto promise = std::make_shared<std::promise<Result<protocol::Reply>>>();
    asked.emplace_back(peer.uid, promise->get_future());
    calls.push_back({peer, std::move(command), deadline,
                     [promise](Result<protocol::Reply> reply) { promise->set_value(std::move(reply)); }});
  }
  fleet.call(std::move(calls));
  std::map<PodUid, Result<protocol::Reply>> out;
  for (auto& [uid, answer] : asked) out.emplace(uid, answer.get());  // the fleet answers each by the deadline
  return out;
}

std::string now_text() { return kube::rfc3339(std::chrono::system_clock::now()); }

}  // namespace cutline::op
