// SPDX-License-Identifier: Apache-2.0
#include "common/store/job_run_store.hpp"

#include "common/base/json.hpp"

namespace calsync::store {
namespace {

db::Value restriction(const sync::Allowlist& list) {
  if (list.everybody) return std::nullopt;
  return db::array_literal({list.ids.begin(), list.ids.end()});
}

template <class Id>
db::Value maybe_id(const std::optional<Id>& id) {
  return id ? db::Value(id->str()) : db::Value();
}

std::string scope_json(const JobScope& scope) {
  json::Writer writer;
  writer.begin_object();
  if (scope.owner) writer.put("provider_id", scope.owner->str());
  if (scope.connection) writer.put("connection_id", scope.connection->str());
  if (scope.window_minutes) writer.put("window", *scope.window_minutes);
  writer.end_object();
  return writer.text();
}

std::string started_json(const JobRunId& id, const JobScope& scope, std::int64_t marked) {
  json::Writer writer;
  writer.begin_object().put("run_id", id.str()).put_raw("scope", scope_json(scope)).put("marked", marked).end_object();
  return writer.text();
}

}  // namespace

Task<JobRunId> JobRunStore::start(sync::Admission, const sync::GateSettings& gate, std::string run_by, JobScope scope,
                                  Author author) {
  author.action = "run-job";
  db::Transaction transaction = co_await begin_signed(pool_, std::move(author));
  db::Values added{std::move(run_by), scope_json(scope)};
  const db::Rows rows = co_await transaction->query(sql::job_run_add, std::move(added));
  const JobRunId id = JobRunId::trusted(std::string(rows.text(0, "id")));
  db::Values marked{id.str(),
                    maybe_id(scope.owner),
                    maybe_id(scope.connection),
                    restriction(gate.owners),
                    restriction(gate.connections),
                    scope.window_minutes ? db::Value(std::to_string(*scope.window_minutes)) : db::Value()};
  const std::int64_t items = (co_await transaction->query(sql::job_run_mark, std::move(marked))).affected();
  db::Values told{maybe_id(scope.connection), maybe_id(scope.owner), started_json(id, scope, items)};
  co_await transaction->query(sql::audit_note_scope, std::move(told));
  co_await transaction.commit();
  co_return id;
}

Task<std::optional<JobRun>> JobRunStore::find(JobRunId id) {
  db::Values values{id.str()};
  co_await pool_.query(sql::job_run_close, values);
  const db::Rows rows = co_await pool_.query(sql::job_run_summary, values);
  if (rows.empty()) co_return std::nullopt;
  JobRun run;
  run.run_by = rows.text(0, "requested_by");
  run.created_at = rows.time(0, "created_at");
  run.finished = !rows.is_null(0, "finished_at");
  run.marked = rows.number(0, "marked");
  run.processed = rows.number(0, "processed");
  run.succeeded = rows.number(0, "succeeded");
  run.failed = rows.number(0, "failed");
  run.items_ingested = rows.number(0, "items_ingested");
  run.items_updated = rows.number(0, "items_updated");
  run.items_deleted = rows.number(0, "items_deleted");
  run.outbound_retried = rows.number(0, "outbound_retried");
  run.outbound_succeeded = rows.number(0, "outbound_succeeded");
  run.duration_ms = rows.number(0, "duration_ms");
  if (run.failed > 0) {
    const db::Rows errors = co_await pool_.query(sql::job_run_errors, values);
    for (int row = 0; row < errors.size(); ++row)
      run.errors.emplace_back(errors.text(row, "connection_id"), errors.text(row, "error"));
  }
  co_return run;
}

}  // namespace calsync::store
