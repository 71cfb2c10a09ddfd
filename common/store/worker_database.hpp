// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "common/store/claim_queue.hpp"
#include "common/store/credential_store.hpp"
#include "common/store/gate_store.hpp"
#include "common/store/metrics_store.hpp"
#include "common/store/mirror_store.hpp"
#include "common/store/push_channel_store.hpp"
#include "common/store/rate_table.hpp"
#include "common/store/revocation_store.hpp"

namespace calsync::store {

struct Retention {
  int tombstone_days = 30;
  int run_days = 14;
};

/// Everything that a sync worker asks of the database. Postgres is the real one; the simulation's double has to give
/// the same answers (tests/contract). Throws db::DatabaseError.
class WorkerDatabase {
 public:
  virtual ~WorkerDatabase() = default;

  virtual ClaimQueue& queue() = 0;
  virtual MirrorStore& mirror() = 0;
  virtual CredentialTable& credentials() = 0;
  virtual PushChannelStore& channels() = 0;
  virtual RevocationStore& revocations() = 0;
  virtual GateTable& gates() = 0;
  virtual MetricsTable& metrics() = 0;
  virtual RateTable& rates() = 0;
  virtual CircuitTable& circuits() = 0;

  /// Throws when the schema is older than this worker needs.
  virtual Task<void> require_schema() = 0;
  /// Calls `woken` when something may have become due, for as long as the session lives; ends with an exception.
  virtual Task<void> listen(std::function<void()> woken) = 0;
  /// Deletes what is past its retention, in bounded portions; any worker may do it.
  virtual Task<void> prune(Retention retention) = 0;
};

}  // namespace calsync::store
