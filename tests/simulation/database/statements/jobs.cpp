// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/database/statements/jobs.hpp"

#include "common/base/json.hpp"
#include "tests/simulation/database/sql_functions.hpp"

namespace calsync::simulation::statements {
namespace {

std::string scope_json(const store::JobScope& scope) {
  json::Writer writer;
  writer.begin_object();
  if (scope.owner) writer.put("provider_id", scope.owner->str());
  if (scope.connection) writer.put("connection_id", scope.connection->str());
  if (scope.window_minutes) writer.put("window", *scope.window_minutes);
  writer.end_object();
  return writer.text();
}

bool eligible(const ConnectionRow& row, const sync::GateSettings& gate, const store::JobScope& scope, Time now) {
  if (!row.sync_enabled || (row.backoff_until && *row.backoff_until > now)) return false;
  if (scope.owner && scope.owner->str() != row.provider_id) return false;
  if (scope.connection && scope.connection->str() != row.id) return false;
  if (scope.window_minutes && row.last_synced_at &&
      *row.last_synced_at >= now - std::chrono::minutes(*scope.window_minutes)) {
    return false;
  }
  return gate.owners.admits(row.provider_id) && gate.connections.admits(row.id);
}

/// The items of a run, which are next to each other.
template <class Visit>
void each_item(const Transaction& transaction, const std::string& run, Visit visit) {
  const auto& rows = transaction.tables.job_items.rows();
  for (auto at = rows.lower_bound({run, ""}); at != rows.end() && at->first.run_id == run; ++at) visit(*at->second);
}

/// Why nobody will serve the item any more.
Text hopeless(const Transaction& transaction, const JobRunRow& run, const JobItemRow& item) {
  const ConnectionRow* connection = transaction.tables.connections.find(item.key.connection_id);
  if (!connection) return "provider_rejected: the connection was disconnected during the run";
  if (!connection->sync_enabled) return "provider_rejected: the connection was disabled during the run";
  if (run.created_at < transaction.now - std::chrono::hours(1))
    return "timeout: no worker served the connection within an hour";
  return std::nullopt;
}

void add(store::JobRun& sum, const JobItemRow& item) {
  ++sum.marked;
  if (item.finished_at) ++sum.processed;
  if (item.succeeded) ++(*item.succeeded ? sum.succeeded : sum.failed);
  sum.items_ingested += item.items_ingested;
  sum.items_updated += item.items_updated;
  sum.items_deleted += item.items_deleted;
  sum.outbound_retried += item.outbound_retried;
  sum.outbound_succeeded += item.outbound_succeeded;
}

}  // namespace

void job_run_add(Transaction& transaction, const std::string& id, const std::string& run_by,
                 const store::JobScope& scope) {
  transaction.tables.job_runs.put(id, {id, sqlf::parameter(run_by), scope_json(scope), transaction.now, {}});
}

void job_run_mark(Transaction& transaction, const std::string& run, const sync::GateSettings& gate,
                  const store::JobScope& scope) {
  std::vector<std::string> marked;
  for (const auto& [id, row] : transaction.tables.connections.rows()) {
    if (eligible(*row, gate, scope, transaction.now)) marked.push_back(id);
  }
  for (const std::string& id : marked) {
    transaction.update_connection(id, Names::sync_needed, [](ConnectionRow& set) { set.sync_needed = true; });
    JobItemRow item;
    item.key = {run, id};
    item.wake_target = transaction.tables.connections.find(id)->wake_seq;
    transaction.tables.job_items.put({run, id}, std::move(item));
  }
}

void job_run_close(Transaction& transaction, const std::string& run) {
  const JobRunRow* row = transaction.tables.job_runs.find(run);
  if (!row) return;
  bool over = true;
  std::vector<JobItemRow> closed;
  each_item(transaction, run, [&](const JobItemRow& item) {
    if (item.finished_at) return;
    const Text error = hopeless(transaction, *row, item);
    if (!error) {
      over = false;
      return;
    }
    JobItemRow set = item;
    set.finished_at = transaction.now;
    set.succeeded = false;
    set.error = error;
    closed.push_back(std::move(set));
  });
  for (JobItemRow& item : closed) {
    const JobItemKey key = item.key;
    transaction.tables.job_items.put(key, std::move(item));
  }
  if (!over || row->finished_at) return;
  JobRunRow set = *row;
  set.finished_at = transaction.now;
  transaction.tables.job_runs.put(run, std::move(set));
}

std::optional<store::JobRun> job_run_summary(Transaction& transaction, const std::string& run) {
  const JobRunRow* row = transaction.tables.job_runs.find(run);
  if (!row) return std::nullopt;
  store::JobRun sum;
  sum.run_by = row->requested_by;
  sum.created_at = row->created_at;
  sum.finished = row->finished_at.has_value();
  sum.duration_ms = sqlf::milliseconds(row->finished_at.value_or(transaction.now) - row->created_at);
  each_item(transaction, run, [&sum](const JobItemRow& item) { add(sum, item); });
  return sum;
}

std::vector<std::pair<std::string, std::string>> job_run_errors(Transaction& transaction, const std::string& run) {
  std::vector<std::pair<std::string, std::string>> errors;
  each_item(transaction, run, [&errors](const JobItemRow& item) {
    if (item.succeeded && !*item.succeeded && errors.size() < 100)
      errors.emplace_back(item.key.connection_id, item.error.value_or(""));
  });
  return errors;
}

}  // namespace calsync::simulation::statements
