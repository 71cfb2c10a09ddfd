// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/crypto.hpp"
#include "common/base/log.hpp"
#include "common/db/pool.hpp"
#include "common/providers/registry.hpp"

namespace calsync::worker {

struct Retention {
  int tombstone_days = 30;
  int run_days = 14;
};

/// Slow duties that any worker may do: prunes what is past its retention, in bounded portions, and revokes the grants
/// of disconnected accounts that the provider could not be told about at the time.
class Maintenance {
 public:
  Maintenance(AsyncClock& clock, const Log& log, db::Pool& pool, const providers::Registry& registry,
              const KeyRing& keys, Retention retention)
      : clock_(clock), log_(log), pool_(pool), registry_(registry), keys_(keys), retention_(retention) {}

  /// One round of every duty. Throws db::DatabaseError.
  Task<void> round();

 private:
  Task<void> prune(const sql::Query& query, int days);
  Task<void> revoke_pending();

  AsyncClock& clock_;
  const Log& log_;
  db::Pool& pool_;
  const providers::Registry& registry_;
  const KeyRing& keys_;
  Retention retention_;
};

}  // namespace calsync::worker
