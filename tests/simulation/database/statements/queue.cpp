// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/database/statements/queue.hpp"

#include "tests/simulation/database/sql_functions.hpp"
#include "tests/simulation/database/statements/credentials.hpp"

namespace calsync::simulation::statements {
namespace {

/// The row, if this lease is on it.
const ConnectionRow* leased(const Transaction& transaction, const std::string& connection, std::int64_t lease_token) {
  const ConnectionRow* row = transaction.tables.connections.find(connection);
  if (row && transaction.plant == Plant::no_fence) return row;
  return row && row->lease_token == lease_token && row->lease_until ? row : nullptr;
}

}  // namespace

std::vector<std::string> queue_heartbeat(Transaction& transaction, const WorkerIdentity& me) {
  Table<std::string, WorkerRow>& workers = transaction.tables.workers;
  // The answer is what the statement found before it wrote.
  std::vector<std::string> dead;
  std::vector<std::string> gone;
  for (const auto& [id, row] : workers.rows()) {
    if (id != me.id && row->heartbeat_at <= transaction.now - std::chrono::seconds(15)) dead.push_back(id);
    if (row->heartbeat_at < transaction.now - std::chrono::hours(1)) gone.push_back(id);
  }
  for (const std::string& id : gone) workers.erase(id);
  const WorkerRow* mine = workers.find(me.id);
  const Time started = mine ? mine->started_at : transaction.now;
  const WorkerRow row = mine ? *mine : WorkerRow{me.id, me.host, me.version, {}, {}};
  workers.put(me.id, {row.id, row.host, row.version, started, transaction.now});
  return dead;
}

void queue_sign_off(Transaction& transaction, const std::string& worker) { transaction.tables.workers.erase(worker); }

bool queue_extend(Transaction& transaction, const std::string& connection, std::int64_t lease_token,
                  std::int64_t edit_seq, int seconds) {
  const ConnectionRow* row = leased(transaction, connection, lease_token);
  if (!row) return false;
  transaction.update_connection(connection, Names::neither, [&](ConnectionRow& set) {
    set.lease_until = transaction.now + std::chrono::seconds(seconds);
  });
  row = transaction.tables.connections.find(connection);
  return row->sync_enabled && row->edit_seq == edit_seq;
}

void queue_fence(Transaction& transaction, const sync::Claim& claim, std::optional<std::int64_t> edit_seq) {
  const ConnectionRow* row = leased(transaction, claim.connection.str(), claim.lease_token);
  if (transaction.plant == Plant::fence_ignores_edit) edit_seq.reset();
  if (!row || !row->sync_enabled || (edit_seq && row->edit_seq != *edit_seq))
    sqlf::refuse("CL001", "the lease is lost");
}

void queue_checkpoint(Transaction& transaction, const sync::Claim& claim, const std::string& cursor, int seconds) {
  if (!leased(transaction, claim.connection.str(), claim.lease_token)) return;
  transaction.update_connection(claim.connection.str(), Names::edited, [&](ConnectionRow& set) {
    if (set.edit_seq == claim.edit_seq) set.sync_cursor = db::without_nul(cursor);
    set.lease_until = std::max(set.lease_until.value_or(transaction.now) + Duration(1),
                               transaction.now + Duration(std::chrono::seconds(seconds)));
  });
}

void queue_release(Transaction& transaction, const std::vector<sync::ReturnedLease>& leases) {
  for (const sync::ReturnedLease& one : leases) {
    if (!leased(transaction, one.connection.str(), one.lease_token)) continue;
    transaction.update_connection(one.connection.str(), Names::edited, [&](ConnectionRow& set) {
      const auto rest = [&](double seconds) {
        const Time over = transaction.now + sqlf::seconds(seconds);
        set.backoff_until = std::max(set.backoff_until.value_or(over), over);
      };
      if (one.pause.count() > 0) rest(one.pause.count());
      if (one.second_look.count() > 0 && set.edit_seq == one.edit_seq) {
        ++set.grant_refusals;
        rest(one.second_look.count());
      }
      set.lease_until.reset();
      set.lease_owner.reset();
      set.unsettled_claims = 0;
    });
  }
}

void queue_disown(Transaction& transaction, const std::string& worker, const std::vector<ConnectionId>& connections) {
  for (const ConnectionId& connection : connections) {
    const ConnectionRow* row = transaction.tables.connections.find(connection.str());
    if (!row || !row->lease_until || row->lease_owner != worker) continue;
    transaction.update_connection(connection.str(), Names::neither, [](ConnectionRow& set) {
      set.lease_until.reset();
      set.lease_owner.reset();
    });
  }
}

bool queue_store_tokens(Transaction& transaction, const std::string& connection, std::int64_t lease_token,
                        Moment expiry, const std::vector<store::SealedCredential>& credentials) {
  if (!leased(transaction, connection, lease_token)) return false;
  transaction.update_connection(connection, Names::neither, [&](ConnectionRow& set) {
    set.token_expiry = expiry;
    set.grant_refusals = 0;
    set.lease_until = set.lease_until.value_or(transaction.now) + Duration(1);
  });
  credentials_replace(transaction, connection, credentials);
  return true;
}

store::CredentialTable::Stored queue_credentials(Transaction& transaction, const std::string& connection) {
  store::CredentialTable::Stored found;
  const auto& rows = transaction.tables.credentials.rows();
  for (auto at = rows.lower_bound({connection, ""}); at != rows.end() && at->first.first == connection; ++at)
    found.sealed.emplace_back(at->second->kind, at->second->sealed);
  const ConnectionRow* row = transaction.tables.connections.find(connection);
  if (row && !found.sealed.empty()) found.token_expiry = row->token_expiry;
  return found;
}

}  // namespace calsync::simulation::statements
