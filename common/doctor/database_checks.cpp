// SPDX-License-Identifier: Apache-2.0
#include "common/doctor/database_checks.hpp"

#include <fmt/format.h>

#include "common/base/json.hpp"
#include "common/db/migrate.hpp"
#include "common/doctor/needed_grants.hpp"
#include "common/store/credential_store.hpp"

namespace calsync::doctor {
namespace {

constexpr std::chrono::seconds patience{5};
constexpr std::int64_t oldest_version = 150'000;

Finding check_server(const db::Rows& rows) {
  const std::string version(rows.text(0, "version_text"));
  if (rows.number(0, "version") < oldest_version)
    return {Grade::wrong, "database", fmt::format("it is PostgreSQL {}", version), "use PostgreSQL 15 or newer"};
  if (rows.flag(0, "read_only"))
    return {Grade::wrong, "database", fmt::format("PostgreSQL {} takes no writes", version),
            "point DATABASE_URL at the primary, or end the database's read-only mode"};
  return {Grade::ok, "database", fmt::format("PostgreSQL {}, as {}", version, rows.text(0, "role"))};
}

Finding check_schema(int version) {
  const int needed = db::required_schema_version();
  if (version >= needed) return {Grade::ok, "schema", fmt::format("version {}", version)};
  return {Grade::wrong, "schema", fmt::format("it is at version {}, {} is needed", version, needed),
          "run calsync-api migrate"};
}

Task<Finding> check_grants(db::Connection& session, Daemon daemon) {
  db::Values wanted{needed_grants_json(daemon)};
  const db::Rows lacking = co_await session.query(sql::doctor_lacking_grants, std::move(wanted));
  if (lacking.empty())
    co_return Finding{Grade::ok, "grants", fmt::format("the role may do what {} does", daemon_name(daemon))};
  co_return Finding{Grade::wrong, "grants",
                    fmt::format("the role lacks {} on {}{}", lacking.text(0, "privilege"), lacking.text(0, "name"),
                                lacking.size() > 1 ? fmt::format(" and {} more grants", lacking.size() - 1) : ""),
                    fmt::format("run sql/roles.sql as the tables' owner and GRANT {} to the role",
                                daemon == Daemon::api ? "calsync_api" : "calsync_worker")};
}

/// "" = the newest credential that this key has sealed opens.
Task<std::string> problem_of_key(db::Connection& session, const KeyRing& keys, std::string id) {
  if (!keys.has(id)) co_return fmt::format("credentials are sealed with '{}', which CALENDAR_TOKEN_KEYS lacks", id);
  db::Values values{id};
  const db::Rows rows = co_await session.query(sql::sealed_sample, std::move(values));
  if (rows.empty()) co_return std::string();
  const auto opened =
      keys.open(rows.text(0, "sealed"),
                store::credential_context(ConnectionId::trusted(std::string(rows.text(0, "connection_id"))),
                                          OwnerId::trusted(std::string(rows.text(0, "provider_id"))),
                                          std::string(rows.text(0, "provider")), rows.text(0, "kind")));
  co_return opened ? std::string()
                   : fmt::format("a credential sealed with '{}' does not open: the key is another one", id);
}

Task<Finding> check_keys(db::Connection& session, const KeyRing& keys) {
  const db::Rows stored = co_await session.query(sql::stored_key_ids, {});
  for (int row = 0; row < stored.size(); ++row) {
    const std::string problem = co_await problem_of_key(session, keys, std::string(stored.text(row, "key_id")));
    if (!problem.empty()) {
      co_return Finding{Grade::wrong, "keys", problem,
                        "give CALENDAR_TOKEN_KEYS the key back, or have those accounts connected again"};
    }
  }
  co_return Finding{Grade::ok, "keys",
                    stored.empty() ? std::string("no credential is stored yet")
                                   : fmt::format("{} keys are in use and all open", stored.size())};
}

Finding unreachable(const db::DatabaseError& error) {
  return {Grade::away, "database", fmt::format("it cannot be used: {}", error.what()),
          "check DATABASE_URL and that the database runs and lets this role in"};
}

}  // namespace

Task<DatabaseReport> check_database(asio::any_io_executor executor, AsyncClock& clock, Secret uri, const KeyRing& keys,
                                    Daemon daemon) {
  DatabaseReport report;
  try {
    const std::unique_ptr<db::Connection> session =
        co_await db::Connection::open(executor, clock, std::string(uri.reveal()), patience);
    const db::Rows server = co_await session->query(sql::doctor_server, {});
    if (const auto now = server.time(0, "now")) report.clock_ahead = clock.now() - *now;
    report.findings.push_back(check_server(server));
    const int version = co_await db::schema_version(*session);
    report.findings.push_back(check_schema(version));
    // Without the tables nothing more can be asked.
    if (report.findings.back().grade != Grade::ok) co_return report;
    report.findings.push_back(co_await check_grants(*session, daemon));
    if (report.findings.back().grade != Grade::ok) co_return report;
    report.findings.push_back(co_await check_keys(*session, keys));
  } catch (const db::DatabaseError& error) {
    report.findings.push_back(unreachable(error));
  }
  co_return report;
}

}  // namespace calsync::doctor
