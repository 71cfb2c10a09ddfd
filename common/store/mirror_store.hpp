// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/db/pool.hpp"
#include "common/sync/run_rows.hpp"

namespace calsync::store {

/// The mirror's rows. Every write happens in one transaction that first takes the run's fence.
class MirrorStore {
 public:
  MirrorStore(db::Pool& pool, WorkerId worker) : pool_(pool), worker_(std::move(worker)) {}

  /// All live rows of a calendar.
  Task<sync::Mirror> known(ConnectionId connection, std::string calendar_id);
  /// Live rows that the ids name, and exceptions of the masters that they name.
  Task<sync::Mirror> known(ConnectionId connection, std::string calendar_id, std::vector<std::string> event_ids);

  /// Rows, tombstones, cursor and verdict together. False = the lease is lost and nothing was written.
  Task<bool> settle(sync::Claim claim, sync::RunRows rows, sync::Settlement settlement);
  /// Rows so far and the cursor that covers them, in mid-run; the lease goes on for `seconds`. False = lost.
  Task<bool> checkpoint(sync::Claim claim, sync::RunRows rows, std::string cursor, int seconds);

 private:
  db::Pool& pool_;
  WorkerId worker_;
};

}  // namespace calsync::store
