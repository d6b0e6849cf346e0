// Who sends to whom: the talking graph of the workload. Pure.
//
// Written as edges with commas: 0>1 (0 sends to 1, and 1 answers nothing), 0-1 (both send), all, none.
#pragma once

#include <set>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "e2e/workloads/ledger/account.hpp"

namespace cutline::ledger {

class Graph {
 public:
  // Of pods 0 ... pods-1. An empty text means all. Invalid: an edge that is none, or of a pod that is not there.
  [[nodiscard]] static Result<Graph> parse(std::string_view text, std::size_t pods);

  [[nodiscard]] bool has(Index from, Index to) const { return edges_.contains({from, to}); }
  // Whom it shares an edge with, of either direction.
  [[nodiscard]] std::set<Index> neighbours(Index of) const;

 private:
  std::set<std::pair<Index, Index>> edges_;
};

}  // namespace cutline::ledger
