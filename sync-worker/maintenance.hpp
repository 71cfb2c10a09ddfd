// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/db/pool.hpp"

namespace calsync::worker {

struct Retention {
  int tombstone_days = 30;
  int run_days = 14;
};

/// Slow duties that any worker may do: prunes what is past its retention, in bounded portions.
class Maintenance {
 public:
  Maintenance(db::Pool& pool, Retention retention) : pool_(pool), retention_(retention) {}

  /// One round of every duty. Throws db::DatabaseError.
  Task<void> round();

 private:
  Task<void> prune(const sql::Query& query, int days);

  db::Pool& pool_;
  Retention retention_;
};

}  // namespace calsync::worker
