// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/metrics.hpp"
#include "common/db/pool.hpp"

namespace calsync::store {

/// calendar_metrics, and what the other tables say in numbers. Throws db::DatabaseError.
Task<void> add_metrics(db::Pool& pool, MetricRows growth);
Task<MetricRows> read_metrics(db::Pool& pool);
Task<FleetFigures> read_fleet_figures(db::Pool& pool);

/// Carries the growth of this process' counters to the database about once a second. What the database did not take
/// waits for the next time; when its answer was lost on the way, a second's growth may be counted twice.
class MetricsFlusher {
 public:
  MetricsFlusher(AsyncClock& clock, db::Pool& pool, Metrics& metrics) : clock_(clock), pool_(pool), metrics_(metrics) {}

  /// Never ends by itself.
  Task<void> serve();
  /// What has been counted until now, durably when this returns true. False = not by `deadline`.
  Task<bool> flush(Deadline deadline);

 private:
  Task<void> add_growth();

  AsyncClock& clock_;
  db::Pool& pool_;
  Metrics& metrics_;
  bool busy_ = false;
};

}  // namespace calsync::store
