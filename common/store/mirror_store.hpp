// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/async/task.hpp"
#include "common/db/database_error.hpp"
#include "common/sync/run_rows.hpp"

namespace calsync::store {

/// The mirror's rows. Every write happens in one transaction that first takes the run's fence. Throws
/// db::DatabaseError.
class MirrorStore {
 public:
  virtual ~MirrorStore() = default;

  /// All live rows of a calendar.
  virtual Task<sync::Mirror> known(ConnectionId connection, std::string calendar_id) = 0;
  /// Live rows that the ids name, and exceptions of the masters that they name.
  virtual Task<sync::Mirror> known(ConnectionId connection, std::string calendar_id,
                                   std::vector<std::string> event_ids) = 0;

  /// Rows, tombstones, cursor and verdict together. False = the lease is lost and nothing was written.
  virtual Task<bool> settle(sync::Claim claim, sync::RunRows rows, sync::Settlement settlement) = 0;
  /// Rows so far and the cursor that covers them, in mid-run; the lease goes on for `seconds`. False = lost.
  virtual Task<bool> checkpoint(sync::Claim claim, sync::RunRows rows, std::string cursor, int seconds) = 0;

  /// Some pages of a full read, where nobody sees them; the first batch clears away what an earlier read has left. The
  /// lease goes on for `seconds`. False = lost. Throws when batches of before are gone.
  virtual Task<bool> stage(sync::Claim claim, sync::StagedRead read, sync::StagedBatch batch, int seconds) = 0;
  /// A checkpoint in which all that was staged becomes the mirror of its calendar, and what was not is gone. Nothing =
  /// the lease is lost. Throws when something staged is gone.
  virtual Task<std::optional<sync::Counts>> flip(sync::Claim claim, sync::RunRows rows, sync::StagedRead read,
                                                 std::string cursor, int seconds) = 0;
};

}  // namespace calsync::store
