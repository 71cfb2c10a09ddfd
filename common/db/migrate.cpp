// SPDX-License-Identifier: Apache-2.0
#include "common/db/migrate.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace calsync::db {
namespace {

constexpr const char* create_table =
    "CREATE TABLE IF NOT EXISTS calsync_schema_migrations (version integer PRIMARY KEY, name text NOT NULL, "
    "applied_at timestamptz NOT NULL DEFAULT now())";

constexpr sql::Query exists{"schema_table_exists",
                            "SELECT to_regclass('calsync_schema_migrations') IS NOT NULL AS present"};
constexpr sql::Query highest{"schema_highest",
                             "SELECT COALESCE(max(version), 0) AS version FROM calsync_schema_migrations"};
constexpr sql::Query record{"schema_record", "INSERT INTO calsync_schema_migrations (version, name) VALUES ($1, $2)"};

}  // namespace

int required_schema_version() {
  int version = 0;
  for (const sql::Migration& migration : sql::migrations()) version = std::max(version, migration.version);
  return version;
}

Task<int> schema_version(Connection& connection) {
  const Rows present = co_await connection.query(exists, {});
  if (!present.flag(0, "present")) co_return 0;
  const Rows rows = co_await connection.query(highest, {});
  co_return static_cast<int>(rows.number(0, "version"));
}

Task<void> require_schema(Pool& pool) {
  Pool::Handle handle = co_await pool.acquire();
  const int version = co_await schema_version(*handle);
  const int needed = required_schema_version();
  if (version >= needed) co_return;
  throw DatabaseError(
      fmt::format("the database schema is at version {}, {} is needed; run calsync-api migrate", version, needed), "");
}

Task<std::vector<std::string>> migrate(Connection& connection) {
  std::vector<std::string> applied;
  co_await connection.execute("SELECT pg_advisory_lock(7163264, 3)");
  co_await connection.execute(create_table);
  const int current = co_await schema_version(connection);
  for (const sql::Migration& migration : sql::migrations()) {
    if (migration.version <= current) continue;
    co_await connection.execute("BEGIN");
    co_await connection.execute("SET LOCAL lock_timeout = '2s'");
    // Work on existing rows takes as long as it takes.
    co_await connection.execute("SET LOCAL statement_timeout = 0");
    co_await connection.execute(std::string(migration.text));
    Values values{std::to_string(migration.version), std::string(migration.name)};
    co_await connection.query(record, std::move(values));
    co_await connection.execute("COMMIT");
    applied.emplace_back(migration.name);
  }
  co_await connection.execute("SELECT pg_advisory_unlock(7163264, 3)");
  co_return applied;
}

}  // namespace calsync::db
