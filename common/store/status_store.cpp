// SPDX-License-Identifier: Apache-2.0
#include "common/store/status_store.hpp"

namespace calsync::store {
namespace {

std::vector<std::string> texts_of(const db::Rows& rows, const char* column) {
  std::vector<std::string> texts;
  for (int row = 0; row < rows.size(); ++row) texts.emplace_back(rows.text(row, column));
  return texts;
}

}  // namespace

Task<QueueStatus> read_status(db::Pool& pool) {
  QueueStatus status;
  const db::Rows queue = co_await pool.query(sql::status_queue, {});
  status.connections = queue.number(0, "connections");
  status.enabled = queue.number(0, "enabled");
  status.needed = queue.number(0, "needed");
  status.due = queue.number(0, "due");
  status.leased = queue.number(0, "leased");
  status.backing_off = queue.number(0, "backing_off");
  status.failing = queue.number(0, "failing");
  status.failed_events = queue.number(0, "failed_events");
  status.oldest_due_at = queue.time(0, "oldest_due_at");
  if (!queue.is_null(0, "freshness_seconds")) status.freshness_seconds = queue.number(0, "freshness_seconds");
  status.workers = texts_of(co_await pool.query(sql::status_workers, {}), "worker");
  status.circuits = texts_of(co_await pool.query(sql::circuits_status, {}), "circuit");
  status.blocked_buckets = texts_of(co_await pool.query(sql::rate_status, {}), "bucket");
  const db::Rows gate = co_await pool.query(sql::evidence_gate, {});
  if (!gate.empty()) status.worker_gate = sync::gate_from_json(gate.text(0, "state"));
  const db::Rows schema = co_await pool.query(sql::status_schema, {});
  status.schema_version = static_cast<int>(schema.number(0, "version"));
  co_return status;
}

}  // namespace calsync::store
