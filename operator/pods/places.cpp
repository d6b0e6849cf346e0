#include "operator/pods/places.hpp"

#include <algorithm>
#include <set>

namespace cutline::op {
namespace {

constexpr const char* kOrdinal =
    "statefulset.kubernetes.io/pod-name";  // a StatefulSet's pod stands in for nobody of another name

bool is_v6(const std::string& address) { return address.contains(':'); }

bool may_stand_in(const Pod& pod, const std::string& name) {
  if (!pod.injected || pod.ending) return false;
  return !pod.generate_name.empty() && !pod.labels.contains(kOrdinal) && name.starts_with(pod.generate_name);
}

}  // namespace

std::map<PodUid, const Pod*> places(const Json& members, const std::vector<Pod>& pods) {
  std::map<PodUid, const Pod*> out;
  std::set<PodUid> taken;
  const auto place = [&](auto&& fits) {
    for (const auto& member : members) {
      const PodUid uid{member.value("uid", "")};
      if (out.contains(uid)) continue;
      const auto found = std::ranges::find_if(
          pods, [&](const Pod& pod) { return !taken.contains(pod.uid) && fits(pod, uid, member.value("pod", "")); });
      if (found == pods.end()) continue;
      out.emplace(uid, &*found);
      taken.insert(found->uid);
    }
  };
  place([](const Pod& pod, const PodUid& uid, const std::string&) { return pod.uid == uid && !pod.ending; });
  place([](const Pod& pod, const PodUid&, const std::string& name) {
    return pod.name == name && pod.injected && !pod.ending;
  });
  place([](const Pod& pod, const PodUid&, const std::string& name) { return may_stand_in(pod, name); });
  return out;
}

std::vector<protocol::Readdress> readdressed(const std::vector<std::string>& then,
                                             const std::vector<std::string>& now) {
  std::vector<protocol::Readdress> out;
  for (const auto& from : then)
    if (const auto to = std::ranges::find(now, is_v6(from), is_v6); to != now.end() && *to != from)
      out.push_back({from, *to});
  return out;
}

std::optional<std::string> no_successor(const std::vector<std::string>& then, const std::vector<std::string>& now) {
  const auto found = std::ranges::find_if(
      then, [&](const auto& from) { return std::ranges::find(now, is_v6(from), is_v6) == now.end(); });
  return found == then.end() ? std::nullopt : std::optional{*found};
}

}  // namespace cutline::op
