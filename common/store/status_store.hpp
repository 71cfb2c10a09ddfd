// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/db/pool.hpp"
#include "common/sync/gate.hpp"

namespace calsync::store {

struct QueueStatus {
  std::int64_t connections = 0, enabled = 0, needed = 0, due = 0, leased = 0, backing_off = 0, failing = 0,
               failed_events = 0;
  std::optional<Time> oldest_due_at{};
  std::optional<std::int64_t> freshness_seconds{};  ///< age of the least fresh enabled connection
  std::vector<std::string> workers{};               ///< JSON objects of those alive
  std::vector<std::string> circuits{};              ///< JSON objects of those that are not closed
  std::vector<std::string> blocked_buckets{};       ///< JSON objects of budgets that a provider has closed
  std::optional<sync::GateSettings> worker_gate{};  ///< what a worker ran with when one last read its settings
  int schema_version = 0;
};

Task<QueueStatus> read_status(db::Pool& pool);

}  // namespace calsync::store
