// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres_worker_database.hpp"

#include <boost/system/system_error.hpp>

#include "common/db/migrate.hpp"

namespace calsync::store {
namespace {

constexpr int portions = 50;
/// Late messages of an ended channel are ignored anyway; its row stays a day for people to see.
constexpr int channel_days = 1;
constexpr std::chrono::seconds connect_time{5};

}  // namespace

PostgresWorkerDatabase::PostgresWorkerDatabase(asio::any_io_executor executor, AsyncClock& clock, Secret uri,
                                               std::size_t pool_size, Identity identity)
    : executor_(std::move(executor)),
      clock_(clock),
      uri_(std::move(uri)),
      pool_(executor_, clock, uri_, pool_size),
      heart_(executor_, clock, uri_, 1),
      queue_(pool_, heart_, identity.id, std::move(identity.host), std::move(identity.version)),
      mirror_(pool_, std::move(identity.id)),
      credentials_(pool_),
      channels_(pool_),
      revocations_(pool_),
      gates_(pool_),
      metrics_(pool_),
      rates_(pool_),
      circuits_(pool_) {}

Task<void> PostgresWorkerDatabase::require_schema() { co_await db::require_schema(pool_); }

Task<void> PostgresWorkerDatabase::listen(std::function<void()> woken) {
  try {
    auto session = co_await db::Connection::open(executor_, clock_, std::string(uri_.reveal()), connect_time);
    co_await session->execute("LISTEN calsync_wake");
    for (;;) {
      co_await session->wait_notification();
      woken();
    }
  } catch (const boost::system::system_error& error) {
    throw db::DatabaseError(error.what(), "");
  }
}

Task<void> PostgresWorkerDatabase::prune(Retention retention) {
  co_await prune(sql::mirror_prune, retention.tombstone_days);
  co_await prune(sql::staged_prune);
  db::Values keep{std::to_string(retention.run_days)};
  co_await pool_.query(sql::partitions_roll, std::move(keep));
  co_await prune(sql::runs_prune, retention.run_days);
  db::Values kept{std::to_string(retention.run_days)};
  co_await pool_.query(sql::timeline_prune, std::move(kept));
  co_await prune(sql::connection_states_prune, retention.run_days);
  co_await prune(sql::job_runs_prune, retention.run_days);
  co_await pool_.query(sql::oauth_flows_prune, {});
  co_await prune(sql::push_channels_prune, channel_days);
  co_await pool_.query(sql::abandoned_channels_prune, {});
  co_await pool_.query(sql::metrics_batches_prune, {});
  co_await pool_.query(sql::rate_prune, {});
  co_await pool_.query(sql::rate_slots_prune, {});
}

Task<void> PostgresWorkerDatabase::prune(const sql::Query& query, std::optional<int> days) {
  for (int portion = 0; portion < portions; ++portion) {
    db::Values values;
    if (days) values.emplace_back(std::to_string(*days));
    const db::Rows rows = co_await pool_.query(query, std::move(values));
    if (rows.affected() == 0) co_return;
  }
}

}  // namespace calsync::store
