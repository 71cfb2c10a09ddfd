// SPDX-License-Identifier: Apache-2.0
#include "api-server/commands.hpp"

#include <iostream>

#include "api-server/routes/explain_json.hpp"
#include "common/base/json.hpp"
#include "common/db/database_error.hpp"
#include "common/db/migrate.hpp"
#include "common/runtime/daemon_loop.hpp"
#include "common/runtime/os_random.hpp"
#include "common/runtime/system_clock.hpp"
#include "common/store/connection_store.hpp"
#include "common/store/key_rotation.hpp"
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

void print_unopened(const store::RotationReport& report) {
  for (const store::Unopened& one : report.examples) {
    const std::string key = one.key_id.empty() ? "no key" : "the key '" + one.key_id + "'";
    std::cerr << "calsync: " << one.table << " " << one.row << ", sealed with " << key << ": " << one.reason << "\n";
  }
  const auto more = report.unopened - static_cast<std::int64_t>(report.examples.size());
  if (more > 0) std::cerr << "calsync: and " << more << " more\n";
}

/// Why the old keys are still needed; false = they are not.
bool print_obstacles(const store::RotationReport& report) {
  print_unopened(report);
  if (report.unopened > 0)
    std::cerr << "calsync: " << report.unopened
              << " cannot be opened: give CALENDAR_TOKEN_KEYS the key back, or have these accounts connected again\n";
  if (report.held > 0) std::cerr << "calsync: " << report.held << " were locked by others; run rotate-keys again\n";
  if (report.sealed_meanwhile > 0)
    std::cerr << "calsync: " << report.sealed_meanwhile
              << " were sealed with another key meanwhile, by a daemon that has not been restarted with the new "
                 "CALENDAR_TOKEN_KEYS; restart it and run rotate-keys again\n";
  return report.left() > 0 || report.sealed_meanwhile > 0;
}

Task<void> rotate_all(Shell& shell, bool& incomplete) {
  co_await db::require_schema(shell.pool);
  store::KeyRotation rotation(shell.pool, shell.clock, shell.keys, shell.random);
  const store::RotationReport report = co_await rotation.run();
  std::cout << "re-sealed ";
  for (std::size_t i = 0; i < report.nouns.size(); ++i)
    std::cout << (i > 0 ? ", " : "") << report.resealed[i] << " " << report.nouns[i];
  std::cout << " with the key '" << shell.keys.active_key() << "'; " << report.left() << " left\n";
  incomplete = print_obstacles(report);
}

/// Where the configured providers are, which is all that is asked of their adapters here.
store::ProviderHosts configured_hosts(Shell& shell, const Settings& settings) {
  const auto transport =
      net::make_beast_transport(shell.io.get_executor(), shell.clock, providers::transport_options(settings));
  Metrics metrics;
  const providers::Registry registry(providers::registry_settings(settings), *transport, shell.clock, metrics);
  return provider_hosts(registry);
}

struct Question {
  ConnectionId connection{};
  sync::GateSettings gate{};
  store::ProviderHosts hosts{};
  bool as_json = false;
};

/// libpq's own words say nothing of calsync.
Task<void> require_database(db::Pool& pool) {
  try {
    co_await pool.acquire();
  } catch (const db::DatabaseError& error) {
    throw std::runtime_error("the database cannot be reached, and all is explained from it: " +
                             std::string(error.what()));
  }
}

Task<void> print_explanation(Shell& shell, Question question, bool& found) {
  co_await require_database(shell.pool);
  auto view = co_await shell.connections.find(question.connection);
  found = view.has_value();
  if (!found) co_return;
  const Explained explained =
      co_await gather(shell.connections, shell.pool, std::move(question.hosts), shell.clock, std::move(*view));
  if (!question.as_json) {
    std::cout << explained_text(explained, question.gate);
    co_return;
  }
  json::Writer writer;
  put_explained(writer, explained, question.gate);
  std::cout << writer.text() << "\n";
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
  bool incomplete = false;
  const int status = run_root(shell.io, rotate_all(shell, incomplete), log);
  return status == exit_ok && incomplete ? exit_fatal : status;
}

int explain_connection(const Startup& startup, const Log& log, const std::string& id, bool as_json) {
  const auto connection = ConnectionId::parse(id);
  if (!connection) return startup.complain(fail(Failure::misconfigured, "explain needs a connection id (a UUID)"));
  if (startup.settings().database_url.empty())
    return startup.complain(fail(Failure::misconfigured, "DATABASE_URL (or DATABASE_URL_FILE) is not set"));
  Shell shell(startup, KeyRing());
  bool found = false;
  Question question{*connection, startup.gate(), configured_hosts(shell, startup.settings()), as_json};
  const int status = run_root(shell.io, print_explanation(shell, std::move(question), found), log);
  if (status != exit_ok || found) return status;
  std::cerr << "calsync: there is no connection " << id << "\n";
  return exit_fatal;
}

}  // namespace calsync::api
