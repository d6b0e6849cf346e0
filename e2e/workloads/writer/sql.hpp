// What the SQL servers have in common: the tables, the transaction of a write, and what must hold afterwards. Pure but
// for the given way of asking.
#pragma once

#include "e2e/workloads/writer/server.hpp"

namespace cutline::writer::sql {

using Rows = std::vector<std::vector<std::string>>;
using Ask = std::function<Result<Rows>(const char* query)>;

inline constexpr Series kMostSeries = 100;  // of which tables() makes the accounts

// Statements that make accounts and the total, if they are not there; the table "writes" is each server's own. How rows
// are inserted unless they are there is said in front ("INSERT IGNORE INTO") or behind ("ON CONFLICT DO NOTHING").
[[nodiscard]] std::vector<std::string> tables(std::string_view insert, std::string_view unless_there);
// The one value of a one-row answer.
[[nodiscard]] Result<std::string> single(const Result<Rows>& rows);
// BEGIN to COMMIT.
[[nodiscard]] std::string transaction(const Write& write);
// All writes into `out`; complains of money that was made or lost and of totals that do not count the writes.
[[nodiscard]] Status read(const Ask& ask, Contents& out);

}  // namespace cutline::writer::sql
