// The steps of a rollback's cascade, in the order in which one caused the next, read from the plan's sentences
// (protocol/line.hpp writes them). A reason that is none of those sentences is kept as it is. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/objects.hpp"

namespace cutline::cli {

struct Step {
  std::string pod;
  State from, to;
  std::string peer;  // whose state asked for it; empty: it follows from no other step
  State peer_at;
  std::string because;       // "it has received 512 bytes on ... that ledger-1 has not sent at checkpoint 3"
  std::uint64_t amount = 0;  // bytes received or handed over, where that is the cause
  unsigned round = 0;        // 0: the first cause; else one more than that of the peer's step
};

[[nodiscard]] std::vector<Step> cascade(const std::vector<Way>& plan);

}  // namespace cutline::cli
