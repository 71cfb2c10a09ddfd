// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/crypto.hpp"
#include "common/base/metrics.hpp"
#include "common/db/pool.hpp"
#include "common/sync/gate.hpp"

namespace calsync::store {

/// Which growth this is: a batch that comes again, or late, is added once.
struct MetricBatch {
  std::string process{};  ///< a UUID of this incarnation
  std::int64_t number = 0;
  MetricRows growth{};
};

/// Where processes add what they have counted. Throws db::DatabaseError.
class MetricsTable {
 public:
  virtual ~MetricsTable() = default;
  virtual Task<void> add(MetricBatch batch) = 0;
};

class PostgresMetricsTable final : public MetricsTable {
 public:
  explicit PostgresMetricsTable(db::Pool& pool) : pool_(pool) {}
  Task<void> add(MetricBatch batch) override;

 private:
  db::Pool& pool_;
};

/// From whose point of view the fleet is judged: what this process knows, admits and can open.
struct FleetView {
  std::vector<std::string> providers{};
  std::optional<std::vector<std::string>> owners{};       ///< nothing = everybody
  std::optional<std::vector<std::string>> connections{};  ///< nothing = all
  bool syncing = true;                                    ///< what somebody asked for is synced
  bool polling = true;
  std::string first_key{};
  std::string other_keys{};  ///< with commas
};
FleetView make_view(const sync::GateSettings& gate, const KeyRing& keys, std::vector<std::string> providers);

/// calendar_metrics, and what the other tables say in numbers. Throws db::DatabaseError.
Task<MetricRows> read_metrics(db::Pool& pool);
Task<FleetFigures> read_fleet_figures(db::Pool& pool, FleetView view);

/// Carries the growth of this process' counters to the database about once a second, in numbered batches. One that the
/// database did not acknowledge is sent again as it was, so that it counts once whatever became of the first attempt.
class MetricsFlusher {
 public:
  MetricsFlusher(AsyncClock& clock, MetricsTable& table, Metrics& metrics, std::string process,
                 Duration interval = std::chrono::seconds(1))
      : clock_(clock), table_(table), metrics_(metrics), interval_(interval), batch_{std::move(process), 0, {}} {}

  /// Never ends by itself.
  Task<void> serve();
  /// What has been counted until now, durably when this returns true. False = not by `deadline`.
  Task<bool> flush(Deadline deadline);

 private:
  Task<void> add_growth();

  AsyncClock& clock_;
  MetricsTable& table_;
  Metrics& metrics_;
  Duration interval_;
  MetricBatch batch_;  ///< the last one; without growth once it is durable
  bool busy_ = false;
};

}  // namespace calsync::store
