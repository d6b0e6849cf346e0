#include "protocol/wiring.hpp"

#include <algorithm>
#include <map>
#include <ranges>
#include <unordered_map>

namespace cutline::protocol {
namespace {

using Column = std::vector<std::uint64_t>;

struct Span {  // points at which a value can change; before the first it is 0, after the last it stays
  std::uint32_t first = 1, last = 0;
  [[nodiscard]] std::uint32_t size() const { return last < first ? 0 : last - first + 1; }
};

struct Threshold {  // per point of Y: the earliest point of X that it can go with
  Column at;        // at this point
  Column from;      // at this point and all later ones
  void raise(std::uint32_t y, std::uint64_t x, bool stays) {
    at[y] = std::max(at[y], x);
    if (stays) from[y] = std::max(from[y], x);
  }
  [[nodiscard]] Column whole() const {
    Column out = at;
    std::uint64_t running = 0;
    for (std::size_t y = 0; y < out.size(); ++y) out[y] = std::max(out[y], running = std::max(running, from[y]));
    return out;
  }
};

class Wirer {
 public:
  Wirer(const std::vector<PodHistory>& pods, const Links& links, const WiringOptions& options)
      : pods_{pods}, links_{links}, options_{options} {}

  Dependencies wire() {
    for (const auto& link : links_.links) {
      for (const int side : {0, 1}) {  // the one that provides
        add(link, side, &Worth::sent, &Worth::received);
        if (options_.losses && !link.datagrams) add(link, side, &Worth::confirmed, &Worth::acked);
      }
    }
    for (const auto& [key, threshold] : between_) add(key, threshold);
    std::vector<std::uint32_t> points;
    for (const auto& timeline : links_.timelines) points.push_back(timeline.points());
    return {std::move(points), channels_};
  }

 private:
  using Part = std::uint64_t Worth::*;

  std::uint64_t value_at(const Link& link, int side, std::uint32_t point, Part part) const {
    return worth(links_, link, side, point, options_.settled_present).*part;
  }

  Span span(const Link& link, int side) const {
    const auto& of = link.sides[static_cast<std::size_t>(side)];
    const auto& timeline = links_.timelines[of.pod];
    if (of.use != Side::kNone) {
      const auto& use = links_.ends(of, link.datagrams).uses[of.use];
      return {use.first, use.last()};
    }
    if (link.kind == Link::Kind::OneSided && timeline.unobserved.empty()) return {};
    return {1, timeline.points() - 1};
  }

  void add(const Link& link, int side, Part provided, Part needed) {
    const auto x = link.sides[static_cast<std::size_t>(side)].pod,
               y = link.sides[static_cast<std::size_t>(1 - side)].pod;
    const auto providing = span(link, side), needing = span(link, 1 - side);
    const auto points_x = links_.timelines[x].points(), points_y = links_.timelines[y].points();
    if (link.kind == Link::Kind::Pair && 2 * (providing.size() + needing.size()) >= points_x + points_y) {
      Dependencies::Channel channel{x, y, Column(points_x), Column(points_y)};
      for (auto p = providing.first; p < points_x; ++p) channel.provide[p] = value_at(link, side, p, provided);
      for (auto p = needing.first; p < points_y; ++p) channel.need[p] = value_at(link, 1 - side, p, needed);
      channels_.push_back(std::move(channel));
      return;
    }
    fold(link, side, provided, needed, providing, needing);
  }

  // Both spans are walked once: as more is needed, later points are.
  void fold(const Link& link, int side, Part provided, Part needed, Span providing, Span needing) {
    const auto x = link.sides[static_cast<std::size_t>(side)].pod,
               y = link.sides[static_cast<std::size_t>(1 - side)].pod;
    const auto never = links_.timelines[x].checkpoints + 1;  // none of X's checkpoints is enough
    const auto& blind = links_.timelines[y].unobserved;
    auto& into = threshold(x, y);
    auto p = providing.first, since = needing.first;  // since then Y has asked for no more
    std::uint64_t before = 0;
    for (auto q = needing.first; q <= needing.last; ++q) {
      const auto need = value_at(link, 1 - side, q, needed);
      if (need < before) p = providing.first;
      if (need != before || std::ranges::binary_search(blind, q)) since = q;
      before = need;
      if (need == 0) continue;
      while (p <= providing.last && p < never && value_at(link, side, p, provided) < need) ++p;
      auto earliest = p <= providing.last ? p : never;
      if (link.kind != Link::Kind::Pair) earliest = vouched(x, y, since, earliest);
      into.raise(q, earliest, q == needing.last);
    }
  }

  Threshold& threshold(std::uint32_t x, std::uint32_t y) {
    auto& out = between_[(std::uint64_t{x} << 32) | y];
    if (out.at.empty()) out.at = out.from = Column(links_.timelines[y].points());
    return out;
  }

  void add(std::uint64_t key, const Threshold& threshold) {
    const auto x = static_cast<std::uint32_t>(key >> 32), y = static_cast<std::uint32_t>(key);
    Column provide(links_.timelines[x].points());
    for (std::uint32_t p = 0; p < provide.size(); ++p) provide[p] = p;
    channels_.push_back({x, y, std::move(provide), threshold.whole()});
  }

  // "checkpoints of the same coordinated round are a consistent cut": points of X and Y of the same round, in order.
  using Cuts = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
  const Cuts& cuts(std::uint32_t x, std::uint32_t y) {
    const auto [it, fresh] = cuts_.try_emplace((std::uint64_t{x} << 32) | y);
    if (!fresh) return it->second;
    std::map<Epoch, std::uint32_t> rounds;
    const auto &theirs = pods_[x].history.checkpoints, &mine = pods_[y].history.checkpoints;
    for (std::uint32_t i = 0; i < theirs.size(); ++i)
      if (value(theirs[i].epoch) != 0 && !is_own(theirs[i].epoch)) rounds[theirs[i].epoch] = i + 1;
    for (std::uint32_t i = 0; i < mine.size(); ++i)
      if (const auto same = rounds.find(mine[i].epoch); same != rounds.end())
        it->second.emplace_back(same->second, i + 1);
    return it->second;
  }

  // The earliest point of X that is known to come after all that Y had got by `since`, if it is before `otherwise`.
  std::uint32_t vouched(std::uint32_t x, std::uint32_t y, std::uint32_t since, std::uint32_t otherwise) {
    for (const auto& [at_x, at_y] : cuts(x, y))
      if (since <= at_y) return std::min({at_x, otherwise, after(y, since)[x]});
    return std::min(otherwise, after(y, since)[x]);
  }

  // Of every pod the earliest point that has, directly or not, received something that this one sent after `point`.
  const std::vector<std::uint32_t>& after(std::uint32_t pod, std::uint32_t point) {
    const auto [it, fresh] = after_.try_emplace((std::uint64_t{pod} << 32) | point);
    if (!fresh) return it->second;
    auto& earliest = it->second;
    for (const auto& timeline : links_.timelines) earliest.push_back(timeline.points());
    earliest[pod] = point;
    std::vector<std::uint32_t> turn{pod};
    while (!turn.empty()) {
      const auto x = turn.back();
      turn.pop_back();
      for (const auto& [link, side] : pairs_of(x)) {
        const auto y = link->sides[static_cast<std::size_t>(1 - side)].pod;
        const auto sent = amounts(*link, side, earliest[x]).sent;
        const auto points = std::views::iota(std::uint32_t{1}, earliest[y]);
        const auto found =
            std::ranges::partition_point(points, [&](auto q) { return amounts(*link, 1 - side, q).received <= sent; });
        if (found == points.end()) continue;
        earliest[y] = *found;
        turn.push_back(y);
      }
    }
    return earliest;
  }

  using Sides = std::vector<std::pair<const Link*, int>>;
  const Sides& pairs_of(std::uint32_t pod) {
    if (pairs_.empty()) {
      pairs_.resize(pods_.size());
      for (const auto& link : links_.links) {
        if (link.kind != Link::Kind::Pair) continue;
        for (const int side : {0, 1}) pairs_[link.sides[static_cast<std::size_t>(side)].pod].emplace_back(&link, side);
      }
    }
    return pairs_[pod];
  }

  Amounts amounts(const Link& link, int side, std::uint32_t point) const {
    const auto& of = link.sides[static_cast<std::size_t>(side)];
    return links_.ends(of, link.datagrams).uses[of.use].amounts(point);
  }

  const std::vector<PodHistory>& pods_;
  const Links& links_;
  const WiringOptions& options_;
  std::unordered_map<std::uint64_t, Threshold> between_;  // two pods, X and Y
  std::unordered_map<std::uint64_t, Cuts> cuts_;
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> after_;  // pod and point
  std::vector<Sides> pairs_;
  std::vector<Dependencies::Channel> channels_;
};

}  // namespace

Dependencies wire(const std::vector<PodHistory>& pods, const Links& links, const WiringOptions& options) {
  return Wirer{pods, links, options}.wire();
}

}  // namespace cutline::protocol
