// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/database/statements/upkeep.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "tests/simulation/database/sql_functions.hpp"

namespace calsync::simulation::statements {
namespace {

/// A revoked grant can stop no channel: those come first, unless they cannot be stopped anyway.
bool waits_for_channels(const Transaction& transaction, const RevocationRow& row) {
  const auto& abandoned = transaction.tables.abandoned.rows();
  return std::any_of(abandoned.begin(), abandoned.end(), [&](const auto& entry) {
    const AbandonedRow& one = *entry.second;
    return one.provider == row.provider && one.provider_user_id && one.provider_user_id == row.provider_user_id &&
           one.attempts < 3 && one.expires_at > transaction.now;
  });
}

}  // namespace

void revocations_superseded(Transaction& transaction) {
  std::set<std::pair<std::string, std::string>> linked;
  for (const auto& [id, row] : transaction.tables.connections.rows()) {
    if (row->provider_user_id) linked.emplace(row->provider, *row->provider_user_id);
  }
  std::vector<std::string> superseded;
  for (const auto& [id, row] : transaction.tables.revocations.rows()) {
    if (row->provider_user_id && linked.contains({row->provider, *row->provider_user_id})) superseded.push_back(id);
  }
  for (const std::string& id : superseded) transaction.tables.revocations.erase(id);
}

std::vector<store::PendingRevocation> revocations_due(Transaction& transaction) {
  constexpr std::size_t portion = 20;
  std::vector<std::pair<Time, std::string>> due;
  for (const auto& [id, row] : transaction.tables.revocations.rows()) {
    if (row->next_attempt_at <= transaction.now && !waits_for_channels(transaction, *row))
      due.emplace_back(row->next_attempt_at, id);
  }
  std::sort(due.begin(), due.end());
  due.resize(std::min(due.size(), portion));
  std::vector<store::PendingRevocation> taken;
  for (const auto& [when, id] : due) {
    RevocationRow row = *transaction.tables.revocations.find(id);
    row.next_attempt_at = transaction.now + sqlf::attempt_pause(row.attempts);
    ++row.attempts;
    taken.push_back({row.id, row.provider_id, row.provider, row.sealed, row.attempts});
    transaction.tables.revocations.put(id, std::move(row));
  }
  return taken;
}

void revocation_failed(Transaction& transaction, const std::string& id, const std::string& reason,
                       std::optional<std::chrono::seconds> pause) {
  const RevocationRow* row = transaction.tables.revocations.find(id);
  if (!row) return;
  RevocationRow set = *row;
  set.last_error = sqlf::parameter(reason);
  if (pause) set.next_attempt_at = std::max<Time>(set.next_attempt_at, transaction.now + *pause);
  transaction.tables.revocations.put(id, std::move(set));
}

void revocation_done(Transaction& transaction, const std::string& id) { transaction.tables.revocations.erase(id); }

std::optional<std::string> gate_load(Transaction& transaction, const std::string& component) {
  const GateRow* row = transaction.tables.gates.find(component);
  return row ? std::optional(row->state) : std::nullopt;
}

void gate_save(Transaction& transaction, const std::string& component, const std::string& state) {
  transaction.tables.gates.put(component, {component, state, transaction.now});
}

std::vector<std::string> gate_admitted_connections(Transaction& transaction, const store::GateTable::Ids& owners,
                                                   const store::GateTable::Ids& connections, const std::string& after) {
  constexpr std::size_t portion = 5000;
  std::vector<std::string> ids;
  const auto& rows = transaction.tables.connections.rows();
  for (auto at = rows.upper_bound(after); at != rows.end() && ids.size() < portion; ++at) {
    if (at->second->sync_enabled && sqlf::admits(owners, at->second->provider_id) &&
        sqlf::admits(connections, at->first)) {
      ids.push_back(at->first);
    }
  }
  return ids;
}

void connections_wake(Transaction& transaction, const std::vector<std::string>& ids) {
  for (const std::string& id : std::set<std::string>(ids.begin(), ids.end())) {
    const ConnectionRow* row = transaction.tables.connections.find(id);
    if (!row || (row->sync_needed && !row->lease_until)) continue;
    transaction.update_connection(id, Names::sync_needed, [](ConnectionRow& set) { set.sync_needed = true; });
  }
}

void metrics_add(Transaction& transaction, const store::MetricBatch& batch) {
  Tables& tables = transaction.tables;
  const MetricBatchRow* last = tables.metric_batches.find(batch.process);
  if (last && last->batch >= batch.number && transaction.plant != Plant::later_batch_adds_twice) return;
  tables.metric_batches.put(batch.process, {batch.process, batch.number, transaction.now});
  std::set<MetricKey> seen;
  for (const MetricRow& row : batch.growth) {
    const MetricKey key{row.name, row.labels};
    if (!seen.insert(key).second)
      sqlf::refuse("21000", "ON CONFLICT DO UPDATE command cannot affect row a second time");
    if (!std::isfinite(row.value)) sqlf::refuse("23502", "null value in column \"value\"");
    const double* total = tables.metrics.find(key);
    tables.metrics.put(key, (total ? *total : 0) + row.value);
  }
}

}  // namespace calsync::simulation::statements
