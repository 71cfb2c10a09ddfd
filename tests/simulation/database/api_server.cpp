// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/database/outsiders.hpp"
#include "tests/simulation/database/statements/connections.hpp"
#include "tests/simulation/database/statements/credentials.hpp"
#include "tests/simulation/database/statements/jobs.hpp"
#include "tests/simulation/database/statements/upkeep.hpp"

namespace calsync::simulation {
namespace {

const std::string origin = "api";

}  // namespace

using namespace statements;

store::Connected ApiServer::connect(const store::NewConnection& one, const std::string& id,
                                    const std::vector<store::SealedCredential>& credentials) {
  return database_.apply("connect", origin, [&](Transaction& transaction) {
    store::Connected connected = connection_upsert(transaction, one, id);
    credentials_replace(transaction, connected.connection.str(), credentials);
    return connected;
  });
}

bool ApiServer::confirm(const std::string& connection, const std::string& owner) {
  return database_.apply("connection_confirm", origin,
                         [&](Transaction& one) { return connection_confirm(one, connection, owner); });
}

void ApiServer::set_enabled(const std::string& connection, bool enabled) {
  database_.apply("connection_set_enabled", origin,
                  [&](Transaction& one) { connection_set_enabled(one, connection, enabled); });
}

void ApiServer::set_frequency(const std::string& connection, int minutes) {
  database_.apply("connection_set_frequency", origin,
                  [&](Transaction& one) { connection_set_frequency(one, connection, minutes); });
}

std::vector<std::string> ApiServer::select_calendars(const std::string& connection,
                                                     const std::vector<std::string>& calendars) {
  std::vector<std::string> unknown = database_.apply(
      "calendars_unknown", origin, [&](Transaction& one) { return calendars_unknown(one, connection, calendars); });
  if (!unknown.empty()) return unknown;
  database_.apply("connection_select_calendars", origin,
                  [&](Transaction& one) { connection_select_calendars(one, connection, calendars); });
  wake(connection, store::Priority::interactive);
  return unknown;
}

std::vector<store::Wake> ApiServer::wake(const std::string& connection, store::Priority priority) {
  return database_.apply("connection_wake", origin,
                         [&](Transaction& one) { return connection_wake(one, connection, priority); });
}

std::vector<store::Wake> ApiServer::wake_owner(const std::string& owner, store::Priority priority,
                                               const std::optional<std::vector<std::string>>& listed) {
  return database_.apply("owner_wake", origin,
                         [&](Transaction& one) { return owner_wake(one, owner, priority, listed); });
}

std::vector<store::Served> ApiServer::served(const std::vector<store::Wake>& wakes) {
  return database_.apply("wakes_served", origin, [&](Transaction& one) { return wakes_served(one, wakes); });
}

store::Holdings ApiServer::erase(const std::string& connection,
                                 const std::optional<std::pair<std::string, std::string>>& revocation) {
  return database_.apply("erase", origin, [&](Transaction& one) {
    store::Holdings holdings = connection_holdings(one, connection);
    const ConnectionRow* row = one.tables.connections.find(connection);
    if (row) holdings.shared = account_links(one, row->provider, row->provider_user_id, connection) > 0;
    if (revocation && row && !holdings.shared)
      revocation_add(one, {revocation->first, row->provider, row->provider_id, revocation->second}, connection);
    connection_delete(one, connection);
    return holdings;
  });
}

void ApiServer::revocation_done(const std::string& id) {
  database_.apply("revocation_done", origin, [&](Transaction& one) { statements::revocation_done(one, id); });
}

bool ApiServer::revocation_waits(const std::string& id) const { return database_.tables().revocations.find(id); }

void ApiServer::start_job_run(const std::string& id, const sync::GateSettings& gate, const std::string& run_by,
                              const store::JobScope& scope) {
  database_.apply("job_run_start", origin, [&](Transaction& one) {
    job_run_add(one, id, run_by, scope);
    job_run_mark(one, id, gate, scope);
  });
}

std::optional<store::JobRun> ApiServer::find_job_run(const std::string& id) {
  database_.apply("job_run_close", origin, [&](Transaction& one) { job_run_close(one, id); });
  std::optional<store::JobRun> run =
      database_.apply("job_run_summary", origin, [&](Transaction& one) { return job_run_summary(one, id); });
  if (run && run->failed > 0)
    run->errors = database_.apply("job_run_errors", origin, [&](Transaction& one) { return job_run_errors(one, id); });
  return run;
}

}  // namespace calsync::simulation
