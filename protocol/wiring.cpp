#include "protocol/wiring.hpp"

#include <algorithm>
#include <map>
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
    auto& into = threshold(x, y);
    auto p = providing.first;
    std::uint64_t before = 0;
    for (auto q = needing.first; q <= needing.last; ++q) {
      const auto need = value_at(link, 1 - side, q, needed);
      if (need < before) p = providing.first;
      before = need;
      if (need == 0) continue;
      while (p <= providing.last && p < never && value_at(link, side, p, provided) < need) ++p;
      auto earliest = p <= providing.last ? p : never;
      if (link.kind != Link::Kind::Pair) earliest = vouched(link, side, needed, q, earliest);
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

  // The point of X by which Y had got, in a cut, all that it asks for at q.
  std::uint32_t vouched(const Link& link, int side, Part needed, std::uint32_t q, std::uint32_t otherwise) {
    const auto x = link.sides[static_cast<std::size_t>(side)].pod,
               y = link.sides[static_cast<std::size_t>(1 - side)].pod;
    const auto& blind = links_.timelines[y].unobserved;
    for (const auto& [at_x, at_y] : cuts(x, y)) {
      const bool before = q <= at_y;
      const bool same = before || (value_at(link, 1 - side, at_y, needed) == value_at(link, 1 - side, q, needed) &&
                                   std::ranges::none_of(blind, [&](auto point) { return at_y < point && point <= q; }));
      if (same) return std::min(at_x, otherwise);
    }
    return otherwise;
  }

  const std::vector<PodHistory>& pods_;
  const Links& links_;
  const WiringOptions& options_;
  std::unordered_map<std::uint64_t, Threshold> between_;  // two pods, X and Y
  std::unordered_map<std::uint64_t, Cuts> cuts_;
  std::vector<Dependencies::Channel> channels_;
};

}  // namespace

Dependencies wire(const std::vector<PodHistory>& pods, const Links& links, const WiringOptions& options) {
  return Wirer{pods, links, options}.wire();
}

}  // namespace cutline::protocol
