// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/db/pool.hpp"
#include "common/store/author.hpp"
#include "common/sync/gate.hpp"

namespace calsync::store {

struct JobScope {
  std::optional<OwnerId> owner{};
  std::optional<ConnectionId> connection{};
  std::optional<int> window_minutes{};  ///< only connections not in step for longer than this
};

struct JobRun {
  std::string run_by{};
  std::optional<Time> created_at{};
  bool finished = false;
  std::int64_t marked = 0, processed = 0, succeeded = 0, failed = 0;
  std::int64_t items_ingested = 0, items_updated = 0, items_deleted = 0, outbound_retried = 0, outbound_succeeded = 0;
  std::int64_t duration_ms = 0;
  std::vector<std::pair<std::string, std::string>> errors{};  ///< connection id, error; at most 100
};

class JobRunStore {
 public:
  explicit JobRunStore(db::Pool& pool) : pool_(pool) {}

  /// Marks the eligible connections and remembers which wake-up of each has to be served.
  Task<JobRunId> start(sync::Admission admission, const sync::GateSettings& gate, std::string run_by, JobScope scope,
                       Author author = {});
  Task<std::optional<JobRun>> find(JobRunId id);

 private:
  db::Pool& pool_;
};

}  // namespace calsync::store
