#include "protocol/collect.hpp"

#include <algorithm>
#include <tuple>

#include "protocol/wiring.hpp"

namespace cutline::protocol {
namespace {

using Kind = Link::Kind;
using Kept = std::vector<std::set<std::uint32_t>>;  // per pod, points

class Collector {
 public:
  Collector(const std::vector<PodHistory>& pods, const LineOptions& options)
      : pods_{pods}, options_{options}, links_{find_links(pods)} {}

  Kept needed() {
    const auto dependencies = wire(pods_, links_, {.losses = options_.lost == Lost::Forbid, .settled_present = true});
    const std::uint32_t lowest = options_.allow_restart ? 0 : 1;
    Kept out(pods_.size());
    const auto line_of = [&](const std::vector<bool>& failed) {
      std::vector<std::uint32_t> at;
      for (std::uint32_t pod = 0; pod < pods_.size(); ++pod) at.push_back(last(pod) + (failed[pod] ? 0 : 1));
      return dependencies.settle(std::move(at), failed, lowest);
    };
    if (!certain()) {
      const auto line = line_of(std::vector<bool>(pods_.size(), true)).at;
      for (std::uint32_t pod = 0; pod < pods_.size(); ++pod)
        for (auto point = std::max(line[pod], 1U); point <= last(pod); ++point) out[pod].insert(point);
      return out;
    }
    for (std::uint32_t one = 0; one < pods_.size(); ++one) {
      std::vector<bool> failed(pods_.size());
      for (std::uint32_t pod = 0; pod < pods_.size(); ++pod) failed[pod] = pod == one || !links_.timelines[pod].present;
      const auto line = line_of(failed);
      if (line.no_line) continue;  // and none that holds more failures
      for (std::uint32_t pod = 0; pod < pods_.size(); ++pod)
        if (line.at[pod] > 0 && line.at[pod] <= last(pod)) out[pod].insert(line.at[pod]);
    }
    return out;
  }

  // The record of `pod` with only the points in `keep`.
  std::vector<LocalCheckpoint> compact(std::uint32_t pod, const std::set<std::uint32_t>& keep, const Kept& all) {
    std::vector<LocalCheckpoint> out;
    CounterTable closed;
    bool observed = true;
    for (std::uint32_t point = 1; point <= last(pod); ++point) {
      const auto& one = pods_[pod].history.checkpoints[point - 1];
      closed.insert(closed.end(), one.closed.begin(), one.closed.end());
      observed = observed && one.observed;
      if (!keep.contains(point)) continue;
      auto kept = one;
      kept.closed = out.empty() ? unsettled(pod, all) : closed;
      kept.observed = observed;
      kept.parent = out.empty() ? CheckpointIndex{} : out.back().index;
      out.push_back(std::move(kept));
      closed.clear();
      observed = true;
    }
    return out;
  }

  std::uint32_t last(std::uint32_t pod) const { return links_.timelines[pod].checkpoints; }

 private:
  const Use* use(const Link& link, std::size_t side) const {
    const auto& of = link.sides[side];
    return of.use == Side::kNone ? nullptr : &links_.ends(of, link.datagrams).uses[of.use];
  }

  bool certain() const {
    return std::ranges::all_of(links_.links, [&](const Link& link) {
      if (link.kind == Kind::Unsure || link.kind == Kind::Unobserved) return false;
      for (const std::size_t side : {0U, 1U}) {
        const auto* end = use(link, side);
        if (end == nullptr && !links_.timelines[link.sides[side].pod].unobserved.empty()) return false;
        if (end != nullptr && end->vanished) return false;
      }
      return true;
    });
  }

  // Closed by the oldest point that its pod keeps.
  bool over(const Side& side, const Kept& all) const {
    const auto& end = links_.timelines[side.pod].connections[side.ends].uses[side.use];
    return end.closed && !all[side.pod].empty() && end.last() <= *all[side.pod].begin();
  }

  using Key = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>;
  static Key key(const Side& side) { return {side.pod, side.ends, side.use}; }

  // A pod that starts afresh has sent and received nothing: so one connection has to remain that tells of each two pods
  // that one needs the other. More say nothing new, as no state that is kept differs in them.
  bool tells(const Link& link, std::set<std::tuple<std::uint32_t, std::uint32_t, bool>>& told) const {
    if (!options_.allow_restart) return false;
    bool out = false;
    for (const std::size_t side : {0U, 1U}) {
      const auto& amounts = use(link, side)->values.back();
      const auto me = link.sides[side].pod, other = link.sides[1 - side].pod;
      if (amounts.received > 0 && told.emplace(me, other, false).second) out = true;
      if (amounts.acked > 0 && told.emplace(me, other, true).second) out = true;
    }
    return out;
  }

  // Ends that no state which is kept can differ in, nor those of the other side.
  const std::set<Key>& settled(const Kept& all) {
    if (settled_) return *settled_;
    std::set<Key> out, open;
    std::set<std::tuple<std::uint32_t, std::uint32_t, bool>> told;
    for (const auto& link : links_.links) {
      if (link.datagrams || link.kind == Kind::Unobserved) continue;
      const auto& [one, other] = link.sides;
      if (link.kind == Kind::Pair) {
        if (over(one, all) && over(other, all) && !tells(link, told)) out.insert({key(one), key(other)});
      } else if (link.kind == Kind::OneSided) {
        const auto& amounts = use(link, 0)->values.back();
        (over(one, all) && amounts.acked == 0 && amounts.received == 0 ? out : open).insert(key(one));
      }
    }
    for (const auto& [pod, ends] : links_.outside) {
      const auto& uses = links_.timelines[pod].connections[ends].uses;
      for (std::uint32_t i = 0; i < uses.size(); ++i) out.insert({pod, ends, i});
    }
    for (const auto& of : open) out.erase(of);
    return settled_.emplace(std::move(out));
  }

  CounterTable unsettled(std::uint32_t pod, const Kept& all) {
    CounterTable out;
    const auto& done = settled(all);
    const auto& connections = links_.timelines[pod].connections;
    for (std::uint32_t i = 0; i < connections.size(); ++i) {
      for (std::uint32_t u = 0; u < connections[i].uses.size(); ++u) {
        if (!over({pod, i, u}, all) || done.contains({pod, i, u})) continue;
        const auto& name = connections[i].name;
        const auto& [acked, sent, received] = connections[i].uses[u].values.back();
        out.push_back({name.local, name.remote, acked, sent, received});
      }
    }
    return out;
  }

  const std::vector<PodHistory>& pods_;
  const LineOptions& options_;
  Links links_;
  std::optional<std::set<Key>> settled_;
};

}  // namespace

Collection collect(const std::vector<PodHistory>& pods, const LineOptions& options,
                   const std::map<PodUid, std::set<CheckpointIndex>>& pinned) {
  Collector collector{pods, options};
  auto keep = collector.needed();
  for (std::uint32_t pod = 0; pod < pods.size(); ++pod) {
    if (collector.last(pod) > 0) keep[pod].insert(collector.last(pod));
    const auto pins = pinned.find(pods[pod].uid);
    if (pins == pinned.end()) continue;
    for (std::uint32_t point = 1; point <= collector.last(pod); ++point)
      if (pins->second.contains(pods[pod].history.checkpoints[point - 1].index)) keep[pod].insert(point);
  }
  Collection out;
  for (std::uint32_t pod = 0; pod < pods.size(); ++pod) {
    for (std::uint32_t point = 1; point <= collector.last(pod); ++point)
      if (!keep[pod].contains(point)) out.drop[pods[pod].uid].push_back(pods[pod].history.checkpoints[point - 1].index);
    out.keep[pods[pod].uid] = collector.compact(pod, keep[pod], keep);
  }
  return out;
}

}  // namespace cutline::protocol
