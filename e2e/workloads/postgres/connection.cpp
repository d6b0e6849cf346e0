#include "e2e/workloads/postgres/connection.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include "e2e/workloads/writer/sql.hpp"

namespace cutline::postgres {
namespace {

using writer::Contents;
using Rows = writer::sql::Rows;

constexpr const char* prepare_server =
    "CREATE EXTENSION IF NOT EXISTS amcheck;"
    // No unique index: what is written twice shall be found twice.
    "CREATE TABLE IF NOT EXISTS writes (series int NOT NULL, number bigint NOT NULL, value text NOT NULL);"
    "CREATE INDEX IF NOT EXISTS writes_number ON writes (series, number);";
constexpr const char* position_of_server =
    "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END";
constexpr const char* session_of_server =
    "SELECT coalesce((SELECT format('follows by process %s: %s', pid, status) FROM pg_stat_wal_receiver),"
    " (SELECT string_agg(format('followed by process %s since %s: %s', pid, backend_start, state), ', ')"
    " FROM pg_stat_replication), CASE WHEN pg_is_in_recovery() THEN 'follows nobody' ELSE 'followed by nobody' END)";
// Every B-tree of the database, and that it has each row of its table; then the table itself.
constexpr const char* indexes_are_whole =
    "SELECT count(bt_index_check(index => i.indexrelid, heapallindexed => true)) FROM pg_index i"
    " JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam"
    " WHERE a.amname = 'btree' AND c.relpersistence <> 't' AND i.indisready AND i.indisvalid";
constexpr const char* damage_of_table = "SELECT blkno, offnum, attnum, msg FROM verify_heapam('writes') LIMIT 5";

struct Close {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result_ = std::unique_ptr<PGresult, Close>;

class PostgresConnection final : public writer::Connection {
 public:
  explicit PostgresConnection(PGconn* connection) : connection_(connection) {}

  Status prepare() override {
    if (auto made = ask(prepare_server); !made) return tl::unexpected(made.error());
    for (const auto& statement : writer::sql::tables("INSERT INTO", "ON CONFLICT DO NOTHING")) {
      if (auto made = ask(statement.c_str()); !made) return tl::unexpected(made.error());
    }
    return {};
  }

  Status write(const writer::Write& write) override {
    const auto done = ask(writer::sql::transaction(write).c_str());
    if (!done) return tl::unexpected(done.error());
    return {};
  }

  Result<std::string> position() override { return writer::sql::single(ask(position_of_server)); }

  Result<Contents> read() override {
    Contents out;
    auto session = writer::sql::single(ask(session_of_server));
    if (!session) return tl::unexpected(session.error());
    out.session = std::move(*session);
    if (out.session.find("streaming") == std::string::npos) out.complaints.push_back("replication: " + out.session);
    if (auto read = writer::sql::read([this](const char* query) { return ask(query); }, out); !read)
      return tl::unexpected(read.error());
    const auto indexes = writer::sql::single(ask(indexes_are_whole));
    if (!indexes) out.complaints.push_back("bt_index_check: " + indexes.error().message);
    const auto damage = ask(damage_of_table);
    if (!damage) out.complaints.push_back("verify_heapam: " + damage.error().message);
    if (damage)
      for (const auto& row : *damage)
        out.complaints.push_back(
            fmt::format("verify_heapam: block {}, line {}, column {}: {}", row[0], row[1], row[2], row[3]));
    if (indexes) out.note = fmt::format("{} indexes checked", *indexes);
    return out;
  }

 private:
  // The rows of the last statement.
  Result<Rows> ask(const char* query) {
    auto* connection = connection_.get();
    if (PQsendQuery(connection, query) == 0) return fail(Code::Unavailable, "{}", PQerrorMessage(connection));
    Rows rows;
    std::string error;
    for (;;) {
      if (auto ready = await_result(); !ready) return tl::unexpected(ready.error());
      const Result_ result{PQgetResult(connection)};
      if (!result) break;
      const auto status = PQresultStatus(result.get());
      if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) error = PQresultErrorMessage(result.get());
      rows = rows_of(result.get());
    }
    if (!error.empty()) return fail(Code::Internal, "{}", error);
    return rows;
  }

  Status await_result() {
    auto* connection = connection_.get();
    for (int looks = 0; PQisBusy(connection) != 0; ++looks) {
      pollfd ready{PQsocket(connection), POLLIN, 0};
      if (::poll(&ready, 1, 1000) > 0) looks = 0;
      if (looks > writer::kPatience) return fail(Code::Timeout, "the server does not answer");
      if (PQconsumeInput(connection) == 0) return fail(Code::Unavailable, "{}", PQerrorMessage(connection));
    }
    return {};
  }

  static Rows rows_of(const PGresult* result) {
    Rows rows;
    for (int row = 0; row < PQntuples(result); ++row) {
      auto& out = rows.emplace_back();
      for (int column = 0; column < PQnfields(result); ++column) out.emplace_back(PQgetvalue(result, row, column));
    }
    return rows;
  }

  std::unique_ptr<PGconn, Close> connection_;
};

}  // namespace

Result<std::unique_ptr<writer::Connection>> connect(const writer::Endpoint& server, Deadline deadline) {
  const auto seconds = std::max<std::int64_t>(2, deadline.left().count() / 1000);
  const auto target =
      fmt::format("host={} port={} dbname=postgres user=cutline connect_timeout={} application_name=writer",
                  server.host, server.port, seconds);
  std::unique_ptr<PGconn, Close> connection{PQconnectdb(target.c_str())};
  if (!connection || PQstatus(connection.get()) != CONNECTION_OK)
    return fail(Code::Unavailable, "{}", connection ? PQerrorMessage(connection.get()) : "no memory");
  PQsetNoticeProcessor(connection.get(), [](void*, const char*) {}, nullptr);
  return std::make_unique<PostgresConnection>(connection.release());
}

}  // namespace cutline::postgres
