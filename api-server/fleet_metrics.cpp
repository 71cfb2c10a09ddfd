// SPDX-License-Identifier: Apache-2.0
#include "api-server/fleet_metrics.hpp"

#include "common/async/deadline.hpp"
#include "common/runtime/process.hpp"

namespace calsync::api {
namespace {

constexpr std::chrono::milliseconds totals_time{900};
/// Counting the queue may take longer; without it the answer only lacks those gauges.
constexpr std::chrono::seconds figures_time{5};
constexpr std::chrono::milliseconds look_again{5};

}  // namespace

Task<MetricFamilies> FleetMetrics::read() {
  const std::uint64_t wanted = begun_ + 1;
  while (ended_ < wanted) {
    if (busy_) {
      co_await clock_.sleep(look_again);
      continue;
    }
    busy_ = true;
    ++begun_;
    std::exception_ptr failure;
    try {
      co_await look();
    } catch (...) {
      failure = std::current_exception();
    }
    ended_ = begun_;
    busy_ = false;
    if (failure) std::rethrow_exception(failure);
  }
  co_return shown_;
}

Task<void> FleetMetrics::look() {
  metrics_.set_pool(pool_.figures());
  metrics_.set_process(process_figures());
  figures_.reset();
  const Deadline limit(clock_, totals_time);
  bool up = co_await flusher_.flush(limit);
  try {
    Task<void> totals = read_totals();
    up = up && co_await race_deadline(clock_, limit, std::move(totals)) == DeadlineOutcome::finished;
    Task<void> figures = read_figures();
    if (up) co_await race_deadline(clock_, Deadline(clock_, figures_time), std::move(figures));
  } catch (const db::DatabaseError&) {
    up = false;
  }
  metrics_.set_database_up(up);
  shown_ = metrics_.fleet(totals_, figures_);
}

Task<void> FleetMetrics::read_totals() { totals_ = co_await store::read_metrics(pool_); }

Task<void> FleetMetrics::read_figures() { figures_ = co_await store::read_fleet_figures(pool_, view_()); }

}  // namespace calsync::api
