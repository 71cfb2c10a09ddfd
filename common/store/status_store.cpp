// SPDX-License-Identifier: Apache-2.0
#include "common/store/status_store.hpp"

namespace calsync::store {

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
  status.oldest_due_at = queue.time(0, "oldest_due_at");
  if (!queue.is_null(0, "freshness_seconds")) status.freshness_seconds = queue.number(0, "freshness_seconds");
  const db::Rows workers = co_await pool.query(sql::status_workers, {});
  for (int row = 0; row < workers.size(); ++row) status.workers.emplace_back(workers.text(row, "worker"));
  const db::Rows schema = co_await pool.query(sql::status_schema, {});
  status.schema_version = static_cast<int>(schema.number(0, "version"));
  co_return status;
}

}  // namespace calsync::store
