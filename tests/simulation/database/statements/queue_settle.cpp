// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "tests/simulation/database/sql_functions.hpp"
#include "tests/simulation/database/statements/queue.hpp"

namespace calsync::simulation::statements {
namespace {

constexpr std::size_t longest_error = 2000;

/// A settlement as the statement's json says it.
struct Verdict {
  explicit Verdict(const sync::Settlement& one)
      : settlement(one),
        succeeded(one.outcome.verdict == sync::Verdict::complete),
        snoozed(one.outcome.verdict == sync::Verdict::snooze),
        error(succeeded ? Text() : Text(db::without_nul(one.outcome.last_error))),
        sync_id(sqlf::uuid(one.sync_id)) {}
  const sync::Settlement& settlement;
  bool succeeded;
  bool snoozed;  ///< as if it had never been, but for the wait
  Text error;
  std::string sync_id;
};

Moment backoff_until(const Verdict& verdict, Time now) {
  const double seconds = verdict.settlement.outcome.backoff.count();
  if (!std::isfinite(seconds)) return std::nullopt;
  return now + sqlf::seconds(seconds);
}

/// The columns that an operator's edit during the run protects.
void set_unless_edited(ConnectionRow& set, const Verdict& verdict, const Transaction& transaction) {
  const sync::Settlement& one = verdict.settlement;
  if (one.cursor) set.sync_cursor = db::without_nul(*one.cursor);
  if (!verdict.snoozed) {
    set.error_count = verdict.succeeded ? 0 : set.error_count + 1;
    set.last_error = verdict.succeeded ? Text() : Text(sqlf::left(*verdict.error, longest_error));
  }
  set.backoff_until = verdict.succeeded ? Moment() : backoff_until(verdict, transaction.now);
  set.grant_refusals = one.outcome.grant_refusals;
  if (set.sync_state == one.state.state) return;
  set.sync_state = one.state.state;
  set.state_since = transaction.now;
  if (set.sync_state == "active") set.recovered_at = transaction.now;
}

void set_connection(ConnectionRow& set, const Verdict& verdict, const Transaction& transaction) {
  const sync::Settlement& one = verdict.settlement;
  const bool unedited = set.edit_seq == one.edit_seq || transaction.plant == Plant::settle_overrules_edit;
  const bool woken = set.wake_seq != one.wake_seq && transaction.plant != Plant::settle_loses_wake;
  if (verdict.succeeded && unedited) {
    set.last_synced_at = transaction.now;
    set.sync_needed = woken || one.again;
  }
  if (verdict.succeeded && (woken || one.again)) {
    // Pushes that came meanwhile may not run a connection back to back.
    set.sync_requested_at = transaction.now + std::chrono::seconds(set.sync_priority == 1 ? 1 : 0);
  }
  if (!woken && !verdict.snoozed) set.sync_priority = 0;
  if (!verdict.snoozed) set.served_wake_seq = std::max(set.served_wake_seq, one.wake_seq);
  if (unedited) set_unless_edited(set, verdict, transaction);
  if (!unedited && one.outcome.pause.count() > 0) {
    const Time over = transaction.now + sqlf::seconds(one.outcome.pause.count());
    set.backoff_until = std::max(set.backoff_until.value_or(over), over);
  }
  set.lease_until.reset();
  set.lease_owner.reset();
  set.unsettled_claims = 0;
  if (one.noteworthy) {
    set.quiet_runs = 0;
  } else if (!verdict.snoozed) {
    ++set.quiet_runs;
  }
  if (one.calls_drained) {
    set.calls_drained = *one.calls_drained;
    set.calls_at = transaction.now;
  }
  set.updated_at = transaction.now;
}

void close_items(Transaction& transaction, const Verdict& verdict) {
  if (verdict.snoozed) return;
  const sync::Settlement& one = verdict.settlement;
  const std::string& connection = one.connection.str();
  const auto& open = transaction.tables.job_items.index().open;
  std::vector<JobItemKey> served;
  for (auto at = open.lower_bound({connection, ""}); at != open.end() && at->first == connection; ++at) {
    const JobItemKey key{at->second, connection};
    const bool target_seen = transaction.tables.job_items.find(key)->wake_target <= one.wake_seq;
    if (target_seen || transaction.plant == Plant::job_item_ignores_target) served.push_back(key);
  }
  for (const JobItemKey& key : served) {
    JobItemRow row = *transaction.tables.job_items.find(key);
    row.finished_at = transaction.now;
    row.succeeded = verdict.succeeded;
    row.error = verdict.error;
    row.items_ingested = one.counts.ingested;
    row.items_updated = one.counts.updated;
    row.items_deleted = one.counts.deleted;
    transaction.tables.job_items.put(key, std::move(row));
  }
}

void add_history(Transaction& transaction, const Verdict& verdict, const std::string& worker, int quiet_before) {
  const sync::Settlement& one = verdict.settlement;
  const ConnectionRow& row = *transaction.tables.connections.find(one.connection.str());
  const OfConnection key{verdict.sync_id, format_rfc3339(transaction.now)};
  if (transaction.tables.runs.find(key)) sqlf::refuse("23505", "the sync_id of a run is taken");
  RunRow run{.sync_id = verdict.sync_id,
             .connection_id = row.id,
             .provider_id = row.provider_id,
             .provider = row.provider,
             .worker_id = worker,
             .lease_token = one.lease_token,
             .outcome = std::string(sync::verdict_name(one.outcome.verdict)),
             .error = verdict.error,
             .items_ingested = one.counts.ingested,
             .items_updated = one.counts.updated,
             .items_deleted = one.counts.deleted,
             .items_failed = one.counts.failed,
             .quiet_before = quiet_before,
             .started_at = one.started_at,
             .finished_at = transaction.now};
  if (one.outcome.provider_status != 0) run.provider_status = one.outcome.provider_status;
  if (!one.outcome.provider_request_id.empty())
    run.provider_request_id = db::without_nul(one.outcome.provider_request_id);
  transaction.tables.runs.put(key, std::move(run));
}

void add_state_change(Transaction& transaction, const Verdict& verdict, const std::string& before) {
  const sync::Settlement& one = verdict.settlement;
  const ConnectionRow& row = *transaction.tables.connections.find(one.connection.str());
  if (row.sync_state == before || row.state_since != transaction.now) return;
  const auto& rows = transaction.tables.states.rows();
  const std::int64_t id = rows.empty() ? 1 : rows.rbegin()->first + 1;
  const Text reason =
      one.state.reason.empty() ? Text() : Text(sqlf::left(db::without_nul(one.state.reason), longest_error));
  transaction.tables.states.put(id, {id, row.id, row.provider_id, before, row.sync_state, reason, transaction.now});
}

}  // namespace

std::set<ConnectionId> queue_settle(Transaction& transaction, const std::vector<sync::Settlement>& settlements,
                                    const std::string& worker) {
  std::vector<Verdict> verdicts(settlements.begin(), settlements.end());
  std::set<ConnectionId> settled;
  for (const Verdict& verdict : verdicts) {
    const sync::Settlement& one = verdict.settlement;
    const ConnectionRow* row = transaction.tables.connections.find(one.connection.str());
    if (!row || row->lease_token != one.lease_token || !row->lease_until) continue;
    const std::string state = row->sync_state;
    const int quiet = row->quiet_runs;
    transaction.update_connection(one.connection.str(), Names::both,
                                  [&](ConnectionRow& set) { set_connection(set, verdict, transaction); });
    close_items(transaction, verdict);
    if (one.noteworthy) add_history(transaction, verdict, worker, quiet);
    add_state_change(transaction, verdict, state);
    settled.insert(one.connection);
  }
  return settled;
}

}  // namespace calsync::simulation::statements
