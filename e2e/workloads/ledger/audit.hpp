// The auditor's judgement over the reports of all pods, taken while all were paused and nothing was in flight. Pure.
#pragma once

#include <string>
#include <vector>

#include "e2e/workloads/ledger/report.hpp"

namespace cutline::ledger {

struct Audit {
  std::int64_t expected = 0;  // the money that all pods began with
  std::int64_t total = 0;     // the money that all have now
  std::uint64_t connections = 0;
  std::uint64_t transfers = 0;       // sent, in all
  std::vector<std::string> reasons;  // what is wrong; empty: nothing
  [[nodiscard]] bool ok() const { return reasons.empty(); }
};

// Total unchanged; no number missing or repeated on any connection; each balance follows from what was applied; each
// file says the same as the memory; no ballast page changed by itself; no connection lost.
[[nodiscard]] Audit audit(const std::vector<Report>& reports);

// Nothing is on its way any more, as far as these reports show: everybody is paused, and what one sent the other has
// received.
[[nodiscard]] bool settled(const std::vector<Report>& reports);

[[nodiscard]] std::string table(const std::vector<Report>& reports, const Audit& audit);
[[nodiscard]] nlohmann::json to_json(const Audit& audit);

}  // namespace cutline::ledger
