#include "truth.hpp"

#include <rapidcheck.h>

#include <algorithm>

namespace cutline::protocol {
namespace {

using End = Traffic::End;
using State = Traffic::State;

State state(const Traffic& traffic, std::size_t pod, std::size_t at) {
  const auto& saved = traffic.checkpoints(pod);
  return at < saved.size() ? saved[at] : traffic.now(pod);
}

End end(const State& state, std::size_t connection, int side) {
  const auto it = state.ends.find({connection, side});
  return it == state.ends.end() ? End{} : it->second;
}

Amounts datagrams(const State& state, std::size_t with) {
  const auto it = state.datagrams.find(with);
  return it == state.datagrams.end() ? Amounts{} : it->second;
}

// May `mine` be restored (or be left alone, as the present) beside `theirs`, as far as this connection goes?
bool fits(const End& mine, bool mine_is_present, const End& theirs, bool theirs_is_present, Lost lost) {
  if (!theirs_is_present && mine.amounts.received > theirs.amounts.sent) return false;
  if (lost == Lost::Allow) return true;
  if (!theirs_is_present && mine.amounts.acked > theirs.amounts.received) return false;
  return !mine_is_present || mine.presence != Presence::Open || theirs.presence == Presence::Closed;
}

}  // namespace

bool fit(const Traffic& traffic, std::size_t p, std::size_t i, std::size_t q, std::size_t j, Lost lost) {
  const bool p_present = i == traffic.checkpoints(p).size(), q_present = j == traffic.checkpoints(q).size();
  if (p_present && q_present) return true;
  const auto at_p = state(traffic, p, i), at_q = state(traffic, q, j);
  for (std::size_t c = 0; c < traffic.connections(); ++c) {
    for (const int side : {0, 1}) {
      if (traffic.ends_of(c, side) != p || traffic.ends_of(c, 1 - side) != q) continue;
      const auto mine = end(at_p, c, side), theirs = end(at_q, c, 1 - side);
      if (!fits(mine, p_present, theirs, q_present, lost) || !fits(theirs, q_present, mine, p_present, lost))
        return false;
    }
  }
  if (!q_present && datagrams(at_p, q).received > datagrams(at_q, p).sent) return false;
  return p_present || datagrams(at_q, p).received <= datagrams(at_p, q).sent;
}

std::optional<std::vector<std::size_t>> slow_line(const Traffic& traffic,
                                                  const std::vector<std::vector<std::size_t>>& allowed, Lost lost) {
  const auto pods = allowed.size();
  std::map<std::array<std::size_t, 4>, bool> known;
  for (std::size_t p = 0; p < pods; ++p)
    for (std::size_t q = p + 1; q < pods; ++q)
      for (const auto i : allowed[p])
        for (const auto j : allowed[q]) known[{p, i, q, j}] = fit(traffic, p, i, q, j, lost);
  const auto consistent = [&](const std::vector<std::size_t>& at) {
    for (std::size_t p = 0; p < pods; ++p)
      for (std::size_t q = p + 1; q < pods; ++q)
        if (!known.at({p, at[p], q, at[q]})) return false;
    return true;
  };
  std::optional<std::vector<std::size_t>> best;
  std::vector<std::size_t> pick(pods), at(pods);
  for (bool more = std::ranges::none_of(allowed, [](const auto& a) { return a.empty(); }); more;) {
    for (std::size_t p = 0; p < pods; ++p) at[p] = allowed[p][pick[p]];
    if (consistent(at)) {
      if (!best) best = at;
      for (std::size_t p = 0; p < pods; ++p) (*best)[p] = std::max((*best)[p], at[p]);
    }
    std::size_t p = 0;
    while (p < pods && ++pick[p] == allowed[p].size()) pick[p++] = 0;
    more = p < pods;
  }
  // The latest states of all consistent combinations are consistent themselves: there is one most recent line.
  if (best) RC_ASSERT(consistent(*best));
  return best;
}

}  // namespace cutline::protocol
