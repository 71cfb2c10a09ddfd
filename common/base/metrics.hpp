// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.hpp"

namespace calsync {

using MetricLabels = std::map<std::string, std::string>;

/// By how much a counter has grown in this process, or how far it has come in all of them. A histogram is several:
/// NAME_count, NAME_sum and one NAME_bucket for each `le`, which counts its own bucket alone (a table of such rows
/// stays true when a later version has other bounds).
struct MetricRow {
  std::string name{};
  MetricLabels labels{};
  double value = 0;
};
using MetricRows = std::vector<MetricRow>;

/// One metric with its samples, ready to be shown.
struct MetricFamily {
  enum class Kind { counter, gauge, histogram };
  struct Bucket {
    double le = 0;
    double count = 0;  ///< of this and all smaller buckets
  };
  struct Sample {
    MetricLabels labels{};
    double value = 0;  ///< of a histogram: the sum
    double count = 0;
    std::vector<Bucket> buckets{};
  };
  std::string name{};
  std::string help{};
  Kind kind = Kind::gauge;
  std::vector<Sample> samples{};
};
using MetricFamilies = std::vector<MetricFamily>;

/// Prometheus' text format 0.0.4.
std::string metrics_text(const MetricFamilies& families);
/// {NAME: {"type", "help", "samples": [{"labels", "value"}]}}; a histogram's sample has "count", "sum" and "buckets".
std::string metrics_json(const MetricFamilies& families);

/// Every answer that the webhook endpoints can give.
enum class WebhookResult {
  accepted,
  ignored,
  handshake,
  invalid_channel,
  not_allowlisted,
  disabled,
  malformed,
  unknown_provider,
  too_large,
  timeout,
  database_error,
  internal_error
};
std::string_view webhook_result_name(WebhookResult result);

/// What one run did to the mirror.
struct ItemFigures {
  std::int64_t ingested = 0, updated = 0, deleted = 0, failed = 0;
};

struct PoolFigures {
  std::size_t size = 0;
  std::size_t in_use = 0;
  std::size_t waiting = 0;  ///< coroutines that wait for a session
};

struct ProcessFigures {
  double cpu_seconds = 0;
  double resident_bytes = 0;
  double open_fds = 0;
  double max_fds = 0;
  double start_time_seconds = 0;  ///< since 1970
};

/// What the database says about the whole fleet's queue, connections and channels.
struct FleetFigures {
  using ByLabel = std::map<std::string, std::int64_t>;
  using ByTwo = std::map<std::pair<std::string, std::string>, std::int64_t>;

  std::int64_t due = 0, leased = 0, backing_off = 0, failed_events = 0, workers_alive = 0;
  std::optional<std::int64_t> freshness_seconds{};
  ByLabel push_channels{};       ///< by state
  ByTwo circuits{};              ///< by provider and state
  ByTwo connections{};           ///< by provider and state
  ByLabel expected{};            ///< by provider: those that polling is to keep in step
  ByTwo stale{};                 ///< of these, late: by provider and by who can mend it
  ByLabel oldest_due_seconds{};  ///< by provider
  ByLabel grants_overdue{};      ///< by provider
  ByLabel sealed{};              ///< stored secrets by their key's place in the ring
};

/// The gauges that these figures make, not yet in order.
MetricFamilies fleet_gauges(const FleetFigures& figures);

/// Every metric of the product, declared once. Recording takes a few microseconds and never fails; a label value that
/// is not among those known beforehand is recorded as "other", so that nothing from outside can make a series. Used
/// from one thread.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// A provider that this process speaks to: a label value from now on, whose counters are shown from zero, so that
  /// their first growth is seen as such. `pushes`: it announces changes.
  void know_provider(std::string_view name, bool pushes = false);

  /// `outcome`: complete, retry, snooze, suspend or discard. `error_code`: of a run that failed, otherwise "".
  void run_ended(std::string_view provider, std::string_view outcome, std::string_view error_code);
  void run_took(std::string_view provider, Duration took);
  void items(std::string_view provider, const ItemFigures& figures);
  /// From the first wake-up that no run had begun to serve to the commit of what the run wrote.
  void change_mirrored(Duration took);
  /// `state`: of the connection from now on.
  void state_changed(std::string_view provider, std::string_view state);
  void missed_pushes(std::string_view provider, std::int64_t count);
  void webhook(std::string_view provider, WebhookResult result);
  /// `status` 0 = there was no answer.
  void provider_request(std::string_view provider, std::string_view operation, int status);

  void set_flags(bool sync, bool oauth, bool jobs, bool webhook);
  /// Flags and list entries that could not be understood.
  void set_invalid_settings(std::size_t count);
  void set_pool(const PoolFigures& figures);
  void set_process(const ProcessFigures& figures);
  void set_database_up(bool up);

  /// What counters have grown by beyond what was acknowledged.
  MetricRows growth();
  /// This much of the growth is durable.
  void acknowledge(const MetricRows& durable);

  /// This process alone.
  MetricFamilies own() const;
  /// Counters over all processes: `totals` and what is not acknowledged yet. Gauges of this process, and the fleet's if
  /// known.
  MetricFamilies fleet(const MetricRows& totals, const std::optional<FleetFigures>& figures) const;

 private:
  struct Parts;
  /// For whoever counts something: there is growth from now on.
  Parts& counted();

  std::unique_ptr<Parts> parts_;
};

}  // namespace calsync
