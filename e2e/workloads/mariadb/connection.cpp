#include "e2e/workloads/mariadb/connection.hpp"

#include <mysql.h>

#include "e2e/workloads/writer/sql.hpp"

namespace cutline::mariadb {
namespace {

using writer::Contents;
using writer::sql::Rows;

struct Close {
  void operator()(MYSQL* connection) const { mysql_close(connection); }
  void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
};

class MariadbConnection final : public writer::Connection {
 public:
  explicit MariadbConnection(std::unique_ptr<MYSQL, Close> connection) : connection_(std::move(connection)) {}

  Status prepare() override {
    // No unique index: what is written twice shall be found twice.
    std::vector<std::string> statements{
        "CREATE TABLE IF NOT EXISTS writes (series int NOT NULL, number bigint NOT NULL, value text NOT NULL,"
        " KEY writes_number (series, number)) ENGINE=InnoDB"};
    for (auto& statement : writer::sql::tables("INSERT IGNORE INTO", "")) statements.push_back(std::move(statement));
    for (const auto& statement : statements)
      if (auto made = ask(statement); !made) return tl::unexpected(made.error());
    return {};
  }

  Status write(const writer::Write& write) override {
    if (auto done = ask(writer::sql::transaction(write)); !done) return tl::unexpected(done.error());
    return {};
  }

  Result<std::string> position() override {
    return writer::sql::single(ask("SELECT concat(writes, ' writes') FROM total"));
  }

  Result<Contents> read() override {
    Contents out;
    if (auto read = writer::sql::read([this](const char* query) { return ask(query); }, out); !read)
      return tl::unexpected(read.error());
    const auto checks = ask("CHECK TABLE writes, accounts, total EXTENDED");
    if (!checks) return tl::unexpected(checks.error());
    for (const auto& row : *checks)  // table, what, kind, text
      if (row.at(2) != "status" || row.at(3) != "OK")
        out.complaints.push_back(fmt::format("CHECK TABLE {}: {}: {}", row[0], row[2], row[3]));
    out.note = fmt::format("{} tables checked", checks->size());
    return out;
  }

 private:
  [[nodiscard]] tl::unexpected<Error> failed() const {
    return fail(Code::Unavailable, "{} ({})", mysql_error(connection_.get()), mysql_errno(connection_.get()));
  }

  // The rows of the last statement.
  Result<Rows> ask(const std::string& query) {
    auto* connection = connection_.get();
    if (mysql_real_query(connection, query.data(), query.size()) != 0) return failed();
    Rows rows;
    for (;;) {
      const std::unique_ptr<MYSQL_RES, Close> result{mysql_store_result(connection)};
      if (!result && mysql_errno(connection) != 0) return failed();
      rows = rows_of(result.get());
      const int more = mysql_next_result(connection);
      if (more > 0) return failed();
      if (more < 0) return rows;
    }
  }

  static Rows rows_of(MYSQL_RES* result) {
    Rows rows;
    if (result == nullptr) return rows;
    const auto columns = mysql_num_fields(result);
    while (auto* const row = mysql_fetch_row(result)) {
      const auto* const lengths = mysql_fetch_lengths(result);
      auto& out = rows.emplace_back();
      for (unsigned column = 0; column < columns; ++column)
        out.emplace_back(row[column] == nullptr ? "" : std::string{row[column], lengths[column]});
    }
    return rows;
  }

  std::unique_ptr<MYSQL, Close> connection_;
};

}  // namespace

Result<std::unique_ptr<writer::Connection>> connect(const writer::Endpoint& server, Deadline deadline) {
  std::unique_ptr<MYSQL, Close> connection{mysql_init(nullptr)};
  if (!connection) return fail(Code::Exhausted, "no memory");
  const auto to_connect = static_cast<unsigned>(std::max<std::int64_t>(1, deadline.left().count() / 1000));
  const unsigned patience = writer::kPatience;
  const my_bool reconnect = 0;
  mysql_options(connection.get(), MYSQL_OPT_CONNECT_TIMEOUT, &to_connect);
  mysql_options(connection.get(), MYSQL_OPT_READ_TIMEOUT, &patience);
  mysql_options(connection.get(), MYSQL_OPT_WRITE_TIMEOUT, &patience);
  mysql_options(connection.get(), MYSQL_OPT_RECONNECT, &reconnect);
  if (mysql_real_connect(connection.get(), server.host.c_str(), "writer", "", "bank", server.port, nullptr,
                         CLIENT_MULTI_STATEMENTS) == nullptr)
    return fail(Code::Unavailable, "{}", mysql_error(connection.get()));
  return std::make_unique<MariadbConnection>(std::move(connection));
}

}  // namespace cutline::mariadb
