// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "common/store/metrics_store.hpp"

namespace calsync::api {

/// What the metrics endpoints show: the counters of all processes, the figures of the tables, and this process' own.
/// At most one read of the database at a time, however many ask: whoever comes during a read waits for the next one,
/// which all who wait then share. One executor.
class FleetMetrics {
 public:
  /// `view` is asked at each read: flags and lists change.
  FleetMetrics(AsyncClock& clock, db::Pool& pool, Metrics& metrics, store::MetricsFlusher& flusher,
               std::function<store::FleetView()> view)
      : clock_(clock), pool_(pool), metrics_(metrics), flusher_(flusher), view_(std::move(view)) {}

  /// Includes everything that this process has counted so far. Without the database, after about a second, the last
  /// known totals with what this process has added to them: counters never go back.
  Task<MetricFamilies> read();

 private:
  Task<void> look();
  Task<void> read_totals();
  Task<void> read_figures();

  AsyncClock& clock_;
  db::Pool& pool_;
  Metrics& metrics_;
  store::MetricsFlusher& flusher_;
  std::function<store::FleetView()> view_;
  MetricRows totals_;
  std::optional<FleetFigures> figures_;
  MetricFamilies shown_;
  std::uint64_t begun_ = 0;
  std::uint64_t ended_ = 0;
  bool busy_ = false;
};

}  // namespace calsync::api
