// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/database/statements/upkeep.hpp"

namespace calsync::simulation::statements {
namespace {

/// DELETE … WHERE `old`, at most `limit` rows.
template <class Key, class Row, class Index, class Old>
std::size_t prune(Table<Key, Row, Index>& table, std::size_t limit, Old old) {
  std::vector<Key> gone;
  for (const auto& [key, row] : table.rows()) {
    if (gone.size() < limit && old(*row)) gone.push_back(key);
  }
  for (const Key& key : gone) table.erase(key);
  return gone.size();
}

constexpr std::size_t everything = static_cast<std::size_t>(-1);

}  // namespace

std::size_t mirror_prune(Transaction& transaction, int days) {
  const Time limit = transaction.now - std::chrono::days(days);
  return prune(transaction.tables.events, 1000,
               [limit](const EventRow& row) { return row.deleted_at && *row.deleted_at < limit; });
}

std::size_t runs_prune(Transaction& transaction, int days) {
  const Time limit = transaction.now - std::chrono::days(days);
  return prune(transaction.tables.runs, 1000, [limit](const RunRow& row) { return row.finished_at < limit; });
}

std::size_t connection_states_prune(Transaction& transaction, int days) {
  const Time limit = transaction.now - std::chrono::days(days);
  return prune(transaction.tables.states, 1000, [limit](const StateRow& row) { return row.changed_at < limit; });
}

std::size_t job_runs_prune(Transaction& transaction, int days) {
  const Time limit = transaction.now - std::chrono::days(days);
  const std::size_t gone =
      prune(transaction.tables.job_runs, 100, [limit](const JobRunRow& row) { return row.created_at < limit; });
  prune(transaction.tables.job_items, everything,
        [&](const JobItemRow& row) { return !transaction.tables.job_runs.find(row.key.run_id); });
  return gone;
}

std::size_t oauth_flows_prune(Transaction&) { return 0; }  // connect attempts are not the simulation's matter

std::size_t push_channels_prune(Transaction& transaction, int days) {
  const Time limit = transaction.now - std::chrono::days(days);
  return prune(transaction.tables.channels, everything,
               [limit](const ChannelRow& row) { return row.expires_at && *row.expires_at < limit; });
}

std::size_t abandoned_channels_prune(Transaction& transaction) {
  return prune(transaction.tables.abandoned, everything,
               [&transaction](const AbandonedRow& row) { return row.expires_at <= transaction.now; });
}

std::size_t metrics_batches_prune(Transaction& transaction) {
  const Time limit = transaction.now - std::chrono::days(1);
  return prune(transaction.tables.metric_batches, everything,
               [limit](const MetricBatchRow& row) { return row.added_at < limit; });
}

}  // namespace calsync::simulation::statements
