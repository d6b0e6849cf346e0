#include "e2e/workloads/writer/sql.hpp"

#include <fmt/format.h>

namespace cutline::writer::sql {
namespace {

constexpr Series accounts_each = 10;

std::uint64_t number(const std::string& text) { return std::strtoull(text.c_str(), nullptr, 10); }

}  // namespace

std::vector<std::string> tables(std::string_view insert, std::string_view unless_there) {
  std::string rows;
  for (Series id = 0; id < kMostSeries * accounts_each; ++id) rows += fmt::format("{}({},0)", id == 0 ? "" : ",", id);
  return {"CREATE TABLE IF NOT EXISTS accounts (id int PRIMARY KEY, balance bigint NOT NULL)",
          "CREATE TABLE IF NOT EXISTS total (id int PRIMARY KEY, writes bigint NOT NULL)",
          fmt::format("{} total VALUES (0,0) {}", insert, unless_there),
          fmt::format("{} accounts VALUES {} {}", insert, rows, unless_there)};
}

std::string transaction(const Write& write) {
  const auto base = write.series * accounts_each, from = base + static_cast<Series>(write.number % accounts_each),
             to = base + static_cast<Series>((write.number * 3 + 1) % accounts_each);
  const auto amount = 1 + write.number % 100;
  return fmt::format(
      "BEGIN; INSERT INTO writes VALUES ({},{},'{}'); UPDATE accounts SET balance = balance - {} WHERE id = {};"
      "UPDATE accounts SET balance = balance + {} WHERE id = {}; UPDATE total SET writes = writes + 1 WHERE id = 0; "
      "COMMIT",
      write.series, write.number, write.value, amount, from, amount, to);
}

Result<std::string> single(const Result<Rows>& rows) {
  if (!rows) return tl::unexpected(rows.error());
  if (rows->size() != 1 || rows->front().empty()) return fail(Code::Internal, "{} rows instead of one", rows->size());
  return rows->front().front();
}

Status read(const Ask& ask, Contents& out) {
  const auto writes = ask("SELECT series, number, value FROM writes");
  if (!writes) return tl::unexpected(writes.error());
  for (const auto& row : *writes)
    out.writes.push_back({static_cast<Series>(number(row.at(0))), number(row.at(1)), row.at(2)});
  const auto sums =
      ask("SELECT (SELECT sum(balance) FROM accounts), (SELECT max(writes) FROM total), (SELECT count(*) FROM total)");
  if (!sums) return tl::unexpected(sums.error());
  if (sums->size() != 1) return fail(Code::Internal, "no sums");
  const auto& sum = sums->front();
  if (sum.at(0) != "0") out.complaints.push_back("the accounts sum up to " + sum.at(0) + ", not 0");
  if (sum.at(2) != "1" || number(sum.at(1)) != out.writes.size())
    out.complaints.push_back(fmt::format("the total counts {} writes, the table has {}", sum.at(1), out.writes.size()));
  return {};
}

}  // namespace cutline::writer::sql
