// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "common/store/metrics_store.hpp"
#include "tests/integration/store/database.hpp"

using namespace calsync;
using test::TestDatabase;

namespace {

std::string total(TestDatabase& database, const std::string& name) {
  return database.sql("SELECT COALESCE(sum(value), 0)::text FROM calendar_metrics WHERE name = '" + name + "'");
}

store::FleetView everything() {
  store::FleetView view;
  view.providers = {"google", "ics"};
  view.first_key = "k2";
  view.other_keys = "k1, k0";
  return view;
}

Deadline soon(TestDatabase& database) { return {database.clock(), std::chrono::seconds(5)}; }

/// Two flushes at once, as a scrape and the second's beat may be.
Task<int> flush_twice(store::MetricsFlusher& flusher, Deadline deadline) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  int done = 0;
  asio::co_spawn(executor, flusher.flush(deadline), [&done](std::exception_ptr, bool flushed) { done += flushed; });
  const bool flushed = co_await flusher.flush(deadline);
  co_return done + flushed;
}

}  // namespace

TEST_CASE("the growth of several processes is added up") {
  TestDatabase database;
  store::PostgresMetricsTable table(database.pool());
  Metrics one;
  Metrics two;
  store::MetricsFlusher first(database.clock(), table, one, random_uuid(database.random()));
  store::MetricsFlusher second(database.clock(), table, two, random_uuid(database.random()));
  for (Metrics* metrics : {&one, &two}) {
    metrics->know_provider("google");
    metrics->run_ended("google", "complete", "");
    metrics->run_took("google", std::chrono::milliseconds(70));
  }
  CHECK(database.run(first.flush(soon(database))));
  CHECK(database.run(first.flush(soon(database))));
  CHECK(database.run(second.flush(soon(database))));
  one.run_ended("google", "complete", "");
  CHECK(database.run(first.flush(soon(database))));
  CHECK(total(database, "calendar_sync_runs_total") == "3");
  CHECK(database.sql("SELECT labels->>'outcome' FROM calendar_metrics WHERE name = 'calendar_sync_runs_total'") ==
        "complete");
  CHECK(total(database, "calendar_sync_latency_ms_bucket") == "2");
  CHECK(total(database, "calendar_sync_latency_ms_sum") == "140");

  Metrics fresh;
  fresh.know_provider("google");
  const MetricRows rows = database.run(store::read_metrics(database.pool()));
  const std::string text = metrics_text(fresh.fleet(rows, std::nullopt));
  CHECK(text.find(R"(calendar_sync_runs_total{outcome="complete",provider="google"} 3)") != std::string::npos);
  CHECK(text.find(R"(calendar_sync_latency_ms_bucket{provider="google",le="100"} 2)") != std::string::npos);
}

TEST_CASE("what the database refuses waits for the next time") {
  TestDatabase database;
  store::PostgresMetricsTable table(database.pool());
  Metrics metrics;
  metrics.know_provider("google");
  store::MetricsFlusher flusher(database.clock(), table, metrics, random_uuid(database.random()));
  metrics.run_ended("google", "complete", "");
  database.sql("ALTER TABLE calendar_metrics RENAME TO elsewhere");
  CHECK_FALSE(database.run(flusher.flush(soon(database))));
  database.sql("ALTER TABLE elsewhere RENAME TO calendar_metrics");
  metrics.run_ended("google", "complete", "");
  CHECK(database.run(flusher.flush(soon(database))));
  CHECK(total(database, "calendar_sync_runs_total") == "2");
}

TEST_CASE("a flush that takes too long is given up, and counts once although it arrives late") {
  TestDatabase database;
  store::PostgresMetricsTable table(database.pool());
  Metrics metrics;
  metrics.know_provider("google");
  store::MetricsFlusher flusher(database.clock(), table, metrics, random_uuid(database.random()));
  metrics.run_ended("google", "complete", "");
  const auto other = database.session();
  database.run(other->execute("BEGIN"));
  database.run(other->execute("LOCK TABLE calendar_metrics"));
  // The server goes on waiting for the lock for the sessions that are given up here.
  for (int attempt = 0; attempt < 2; ++attempt)
    CHECK_FALSE(database.run(flusher.flush(Deadline(database.clock(), std::chrono::milliseconds(100)))));
  metrics.run_ended("google", "complete", "");
  database.run(other->execute("ROLLBACK"));
  CHECK(database.run(flusher.flush(soon(database))));
  CHECK(total(database, "calendar_sync_runs_total") == "2");
  CHECK(metrics.growth().empty());
}

TEST_CASE("a batch is added once, and an older one never") {
  TestDatabase database;
  store::PostgresMetricsTable table(database.pool());
  store::MetricBatch batch{random_uuid(database.random()), 7, {{"calendar_sync_runs_total", {}, 1}}};
  for (const std::int64_t number : {7, 7, 8, 7, 8}) {
    batch.number = number;
    database.run(table.add(batch));
  }
  CHECK(total(database, "calendar_sync_runs_total") == "2");
}

TEST_CASE("two flushes at once count once") {
  TestDatabase database;
  store::PostgresMetricsTable table(database.pool());
  Metrics metrics;
  metrics.know_provider("google");
  store::MetricsFlusher flusher(database.clock(), table, metrics, random_uuid(database.random()));
  metrics.run_ended("google", "complete", "");
  CHECK(database.run(flush_twice(flusher, soon(database))) == 2);
  CHECK(total(database, "calendar_sync_runs_total") == "1");
}

TEST_CASE("the fleet's gauges are read from the tables") {
  TestDatabase database;
  store::PostgresMetricsTable table(database.pool());
  const std::string owner = database.add_owner();
  const std::string id = database.add_connection(owner);
  const std::string channel =
      "INSERT INTO calendar_push_channels (id, connection_id, external_calendar_id, secret_hash, state) VALUES ";
  database.sql(channel + "('a', '" + id + "', 'c', '', 'live'), ('b', '" + id + "', 'd', '', 'stopped')");
  FleetFigures figures = database.run(store::read_fleet_figures(database.pool(), everything()));
  CHECK(figures.due == 1);
  CHECK_FALSE(figures.freshness_seconds);
  CHECK(figures.push_channels == std::map<std::string, std::int64_t>{{"live", 1}, {"stopped", 1}});
  database.sql(
      "UPDATE external_calendar_connections SET backoff_until = now() + interval '1 hour', last_synced_at = now() - "
      "interval '90 seconds'");
  figures = database.run(store::read_fleet_figures(database.pool(), everything()));
  CHECK(figures.due == 0);
  CHECK(figures.backing_off == 1);
  CHECK(figures.freshness_seconds.value_or(0) >= 90);
}

TEST_CASE("the pool counts its sessions") {
  TestDatabase database;
  store::PostgresMetricsTable table(database.pool());
  const PoolFigures& figures = database.pool().figures();
  CHECK(figures.size > 0);
  CHECK(figures.in_use == 0);
  {
    const db::Pool::Handle handle = database.run(database.pool().acquire());
    CHECK(figures.in_use == 1);
  }
  CHECK(figures.in_use == 0);
  CHECK(figures.waiting == 0);
}
