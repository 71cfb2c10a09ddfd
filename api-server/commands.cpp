// SPDX-License-Identifier: Apache-2.0
#include "api-server/commands.hpp"

#include <iostream>

#include "api-server/routes/connection_json.hpp"
#include "common/base/json.hpp"
#include "common/db/migrate.hpp"
#include "common/runtime/daemon_loop.hpp"
#include "common/runtime/os_random.hpp"
#include "common/runtime/system_clock.hpp"
#include "common/store/connection_store.hpp"
#include "common/store/postgres_credential_table.hpp"

namespace calsync::api {
namespace {

/// What a one-shot command needs of the world.
struct Shell {
  Shell(const Startup& startup, KeyRing key_ring)
      : keys(std::move(key_ring)),
        pool(io.get_executor(), clock, startup.settings().database_url, 1),
        credential_table(pool),
        credentials(credential_table, keys, random),
        connections(pool, credentials) {}
  asio::io_context io{1};
  SystemClock clock;
  OsRandom random;
  KeyRing keys;
  db::Pool pool;
  store::PostgresCredentialTable credential_table;
  store::CredentialStore credentials;
  store::ConnectionStore connections;
};

Task<void> apply_migrations(Shell& shell) {
  db::Pool::Handle handle = co_await shell.pool.acquire();
  const std::vector<std::string> applied = co_await db::migrate(*handle);
  for (const std::string& name : applied) std::cout << "applied " << name << "\n";
  std::cout << "the schema is at version " << db::required_schema_version() << "\n";
}

/// Seals one credential under the active key. False = it cannot be opened.
Task<bool> reseal(Shell& shell, const db::Rows& rows, int row) {
  const ConnectionId connection = ConnectionId::trusted(std::string(rows.text(row, "connection_id")));
  const OwnerId owner = OwnerId::trusted(std::string(rows.text(row, "provider_id")));
  const std::string kind(rows.text(row, "kind"));
  const std::string sealed(rows.text(row, "sealed"));
  const SealContext context =
      store::credential_context(connection, owner, std::string(rows.text(row, "provider")), kind);
  const auto opened = shell.keys.open(sealed, context);
  if (!opened) {
    std::cerr << "calsync: connection " << connection.str() << ", " << kind << ": " << opened.error().message << "\n";
    co_return false;
  }
  db::Values values{connection.str(), kind, sealed, shell.keys.seal(*opened, context, shell.random),
                    shell.keys.active_key()};
  co_await shell.pool.query(sql::sealed_replace, std::move(values));
  co_return true;
}

Task<void> rotate_all(Shell& shell) {
  std::int64_t done = 0;
  for (;;) {
    db::Values active{shell.keys.active_key()};
    const db::Rows rows = co_await shell.pool.query(sql::sealed_of_other_keys, std::move(active));
    std::int64_t here = 0;
    for (int row = 0; row < rows.size(); ++row) {
      if (co_await reseal(shell, rows, row)) ++here;
    }
    done += here;
    if (rows.empty()) break;
    if (here == 0) throw std::runtime_error("the remaining credentials cannot be opened with the keys given");
  }
  std::cout << done << " credentials were sealed again with the key '" << shell.keys.active_key() << "'\n";
}

Task<void> print_explanation(Shell& shell, sync::GateSettings gate, ConnectionId id, bool& found) {
  const auto view = co_await shell.connections.find(id);
  found = view.has_value();
  if (!found) co_return;
  const sync::Explanation explanation = sync::explain(view->facts, gate, view->now);
  json::Writer writer;
  put_connection(writer, *view, gate);
  std::cout << explanation.situation << ": " << explanation.reason << "\n";
  std::cout << "what to do: " << (explanation.action.empty() ? "nothing" : explanation.action) << "\n"
            << writer.text() << "\n";
}

}  // namespace

int migrate_database(const Startup& startup, const Log& log) {
  // Migrating needs no token keys, so that a deployment can run it where they are not.
  if (startup.settings().database_url.empty())
    return startup.complain(fail(Failure::misconfigured, "DATABASE_URL (or DATABASE_URL_FILE) is not set"));
  Shell shell(startup, KeyRing());
  return run_root(shell.io, apply_migrations(shell), log);
}

int rotate_keys(const Startup& startup, const Log& log) {
  auto keys = startup.require_keys();
  if (!keys) return startup.complain(keys.error());
  Shell shell(startup, std::move(*keys));
  return run_root(shell.io, rotate_all(shell), log);
}

int explain_connection(const Startup& startup, const Log& log, const std::string& id) {
  const auto connection = ConnectionId::parse(id);
  if (!connection)
    return startup.complain(fail(Failure::misconfigured, "'" + id + "' is not a connection id (a UUID)"));
  if (startup.settings().database_url.empty())
    return startup.complain(fail(Failure::misconfigured, "DATABASE_URL (or DATABASE_URL_FILE) is not set"));
  Shell shell(startup, KeyRing());
  bool found = false;
  const int status = run_root(shell.io, print_explanation(shell, startup.gate(), *connection, found), log);
  if (status != exit_ok || found) return status;
  std::cerr << "calsync: there is no connection " << id << "\n";
  return exit_fatal;
}

}  // namespace calsync::api
