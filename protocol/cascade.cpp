#include "protocol/cascade.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace cutline::protocol {
namespace {

// A row is about to be read by pods in turn, one value each: better all of it at once.
void fetch(const std::uint64_t* row, std::size_t size) {
  constexpr std::size_t kLine = 64 / sizeof *row;
  for (std::size_t i = 0; i < size; i += kLine) __builtin_prefetch(row + i);
}

}  // namespace

Dependencies::Dependencies(std::vector<std::uint32_t> points, const std::vector<Channel>& channels)
    : out_begin_(points.size() + 1), out_(channels.size()), names_(channels.size()), in_degree_(points.size()) {
  std::iota(names_.begin(), names_.end(), 0U);
  std::ranges::stable_sort(names_, {}, [&](std::uint32_t c) { return std::tuple{channels[c].from, channels[c].to}; });
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const auto& channel = channels[names_[i]];
    out_[i] = {channel.to, in_degree_[channel.to]++};
    ++out_begin_[channel.from + 1];
  }
  std::partial_sum(out_begin_.begin(), out_begin_.end(), out_begin_.begin());
  std::size_t provides = 0, needs = 0;
  for (std::size_t pod = 0; pod < points.size(); ++pod) {
    provide_begin_.push_back(provides);
    need_begin_.push_back(needs);
    provides += points[pod] * (out_begin_[pod + 1] - out_begin_[pod]);
    needs += std::size_t{points[pod]} * in_degree_[pod];
  }
  provide_.resize(provides);
  need_.resize(needs);
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const auto& [from, to, provide, need] = channels[names_[i]];
    const auto width = out_begin_[from + 1] - out_begin_[from];
    for (std::size_t x = 0; x < provide.size(); ++x)
      provide_[provide_begin_[from] + x * width + i - out_begin_[from]] = provide[x];
    for (std::size_t y = 1; y < need.size(); ++y) need_[need_begin_[to] + y * in_degree_[to] + out_[i].slot] = need[y];
  }
}

Dependencies::Settled Dependencies::settle(std::vector<std::uint32_t> at, const std::vector<bool>& moved,
                                           std::uint32_t lowest) const {
  Settled out{std::move(at), {}, {}};
  std::vector<const std::uint64_t*> rows(out.at.size());  // what each pod needs where it is now
  std::vector<std::uint32_t> turn, next;
  std::vector<bool> waits(out.at.size());
  for (std::uint32_t pod = 0; pod < out.at.size(); ++pod) {
    rows[pod] = need_row(pod, out.at[pod]);
    if (!moved[pod]) continue;
    turn.push_back(pod);
    waits[pod] = true;
  }
  for (std::uint32_t round = 1; !turn.empty(); ++round, turn.swap(next), next.clear()) {
    for (const auto x : turn) {
      waits[x] = false;
      const auto first = out_begin_[x], last = out_begin_[x + 1];
      const auto* provide = provide_.data() + provide_begin_[x] + out.at[x] * (last - first);
      for (auto c = first; c < last; ++c, ++provide) {
        const auto [y, slot] = out_[c];
        if (rows[y][slot] <= *provide) [[likely]]
          continue;
        const auto from = out.at[y];
        auto to = from;
        while (to > 0 && need_row(y, to)[slot] > *provide) --to;
        if (to == from) continue;  // at the start already
        out.at[y] = to;
        rows[y] = need_row(y, to);
        fetch(rows[y], in_degree_[y]);
        auto& falls = out.falls;
        if (!falls.empty() && falls.back().pod == y && falls.back().cause == x && falls.back().round == round) {
          falls.back().to = to;  // the same step: two channels between the same two pods
          falls.back().channel = names_[c];
        } else {
          falls.push_back({y, from, to, x, out.at[x], names_[c], round});
        }
        if (to < lowest) {
          out.no_line = y;
          return out;
        }
        if (!waits[y]) next.push_back(y);
        waits[y] = true;
      }
    }
  }
  return out;
}

}  // namespace cutline::protocol
