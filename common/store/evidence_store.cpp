// SPDX-License-Identifier: Apache-2.0
#include "common/store/evidence_store.hpp"

namespace calsync::store {
namespace {

int count(const db::Rows& rows, int row, const char* column) { return static_cast<int>(rows.number(row, column)); }

/// As calsync_rank says it: nobody waits.
constexpr int backfill = 4;

void read_standing(sync::Evidence& evidence, const db::Rows& rows) {
  if (rows.empty()) return;
  evidence.has_cursor = rows.flag(0, "has_cursor");
  evidence.nobody_waits = count(rows, 0, "rank") == backfill;
  evidence.ahead = rows.number(0, "ahead");
  evidence.full_reads = count(rows, 0, "full_reads");
  evidence.workers_alive = count(rows, 0, "workers_alive");
  evidence.last_heartbeat = rows.time(0, "last_heartbeat");
  evidence.unsettled_claims = count(rows, 0, "unsettled_claims");
  evidence.quiet_runs = count(rows, 0, "quiet_runs");
  evidence.last_push = rows.time(0, "last_webhook_received_at");
  evidence.read_only = rows.flag(0, "read_only");
  if (rows.is_null(0, "lease_until")) return;
  evidence.lease = {std::string(rows.text(0, "lease_owner")), std::string(rows.text(0, "lease_host")),
                    rows.flag(0, "lease_alive"), rows.time(0, "last_attempt_at"), rows.time(0, "lease_heartbeat")};
}

void read_limits(sync::Evidence& evidence, const db::Rows& rows) {
  for (int row = 0; row < rows.size(); ++row) {
    const std::string what(rows.text(row, "what"));
    if (rows.text(row, "kind") == "budget") {
      evidence.budgets.push_back({what, rows.time(row, "until")});
    } else {
      evidence.circuit = {what, std::string(rows.text(row, "key")), std::string(rows.text(row, "reason")),
                          rows.time(row, "since"), rows.time(row, "until")};
    }
  }
}

void read_channels(sync::Evidence& evidence, const db::Rows& rows) {
  evidence.channels = {count(rows, 0, "wanted"),
                       count(rows, 0, "live"),
                       count(rows, 0, "silent"),
                       count(rows, 0, "refused"),
                       std::string(rows.text(0, "refusal")),
                       rows.time(0, "retry_at"),
                       rows.time(0, "first_expiry"),
                       rows.time(0, "expired_at")};
}

void read_runs(sync::Evidence& evidence, const db::Rows& rows) {
  for (int row = 0; row < rows.size(); ++row) {
    sync::RunEvidence run;
    run.sync_id = rows.text(row, "sync_id");
    run.outcome = rows.text(row, "outcome");
    run.error = rows.text(row, "error");
    if (!rows.is_null(row, "provider_status")) run.provider_status = count(rows, row, "provider_status");
    run.provider_request_id = rows.text(row, "provider_request_id");
    run.worker = rows.text(row, "worker_id");
    run.started_at = rows.time(row, "started_at");
    run.finished_at = rows.time(row, "finished_at");
    run.quiet_before = count(rows, row, "quiet_before");
    run.ingested = count(rows, row, "items_ingested");
    run.updated = count(rows, row, "items_updated");
    run.deleted = count(rows, row, "items_deleted");
    run.failed = count(rows, row, "items_failed");
    evidence.runs.push_back(std::move(run));
  }
}

void read_troubles(sync::Evidence& evidence, const db::Rows& calendars, const db::Rows& events) {
  for (int row = 0; row < calendars.size(); ++row) {
    evidence.calendars.push_back({std::string(calendars.text(row, "external_calendar_id")),
                                  std::string(calendars.text(row, "last_error")),
                                  calendars.time(row, "last_synced_at")});
  }
  for (int row = 0; row < events.size(); ++row)
    evidence.events.push_back({events.number(row, "events"), std::string(events.text(row, "last_error"))});
}

void read_edits(sync::Evidence& evidence, const db::Rows& rows) {
  for (int row = 0; row < rows.size(); ++row) {
    sync::HandEdit edit{std::string(rows.text(row, "actor")), std::string(rows.text(row, "actor_kind")),
                        std::string(rows.text(row, "reason")), rows.time(row, "happened_at")};
    (rows.text(row, "what") == "backoff_until" ? evidence.backoff_by : evidence.enabled_by) = std::move(edit);
  }
}

void read_gate(sync::Evidence& evidence, const db::Rows& rows) {
  if (rows.empty()) return;
  evidence.worker_gate = {sync::gate_from_json(rows.text(0, "state")), rows.time(0, "updated_at")};
}

}  // namespace

Task<sync::Evidence> EvidenceStore::evidence(ConnectionView connection, int runs) {
  const auto known = hosts_.find(connection.provider);
  const std::string host = known != hosts_.end() && !known->second.empty() ? known->second : connection.provider_email;
  const std::string id = connection.facts.connection.str();
  std::vector<db::Statement> statements;
  statements.push_back({&sql::evidence_standing, {id}});
  statements.push_back({&sql::evidence_limits, {id, host}});
  statements.push_back({&sql::evidence_channels, {id}});
  statements.push_back({&sql::evidence_calendars, {id}});
  statements.push_back({&sql::evidence_events, {id, connection.facts.owner.str()}});
  statements.push_back({&sql::evidence_runs, {id, std::to_string(runs)}});
  statements.push_back({&sql::evidence_edits, {id}});
  statements.push_back({&sql::evidence_gate, {}});
  db::Pool::Handle session = co_await pool_.acquire();
  const std::vector<db::Rows> rows = co_await session->pipeline(std::move(statements));
  sync::Evidence evidence;
  evidence.facts = connection.facts;
  evidence.provider = connection.provider;
  evidence.now = connection.now;
  evidence.token_expiry = connection.token_expiry;
  evidence.failed_events = connection.failed_events;
  read_standing(evidence, rows[0]);
  read_limits(evidence, rows[1]);
  read_channels(evidence, rows[2]);
  read_troubles(evidence, rows[3], rows[4]);
  read_runs(evidence, rows[5]);
  read_edits(evidence, rows[6]);
  read_gate(evidence, rows[7]);
  co_return evidence;
}

}  // namespace calsync::store
