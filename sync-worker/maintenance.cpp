// SPDX-License-Identifier: Apache-2.0
#include "sync-worker/maintenance.hpp"

namespace calsync::worker {
namespace {

constexpr int portions = 50;
/// Late messages of an ended channel are ignored anyway; its row stays a day for people to see.
constexpr int channel_days = 1;

}  // namespace

Task<void> Maintenance::round() {
  co_await prune(sql::mirror_prune, retention_.tombstone_days);
  co_await prune(sql::runs_prune, retention_.run_days);
  co_await prune(sql::job_runs_prune, retention_.run_days);
  co_await pool_.query(sql::oauth_flows_prune, {});
  co_await prune(sql::push_channels_prune, channel_days);
  co_await pool_.query(sql::abandoned_channels_prune, {});
  co_await pool_.query(sql::metrics_batches_prune, {});
}

Task<void> Maintenance::prune(const sql::Query& query, int days) {
  for (int portion = 0; portion < portions; ++portion) {
    db::Values values{std::to_string(days)};
    const db::Rows rows = co_await pool_.query(query, std::move(values));
    if (rows.affected() == 0) co_return;
  }
}

}  // namespace calsync::worker
