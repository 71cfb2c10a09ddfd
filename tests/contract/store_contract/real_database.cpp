// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/store_contract/real_database.hpp"

#include <boost/asio/co_spawn.hpp>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "common/base/crypto.hpp"
#include "common/db/migrate.hpp"
#include "common/runtime/os_random.hpp"

namespace calsync::contract {
namespace {

std::string server() {
  const char* where = std::getenv("CALSYNC_TEST_DATABASE");
  if (!where)
    throw std::runtime_error(
        "CALSYNC_TEST_DATABASE is not set; start this suite with tests/contract/store_contract/run");
  return where;
}

/// Names are looked up in pg_catalog first unless a search path says otherwise.
constexpr const char* virtual_schema = R"(
CREATE SCHEMA fake;
CREATE FUNCTION fake.now() RETURNS timestamptz LANGUAGE sql STABLE AS
  $$ SELECT pg_catalog.current_setting('calsync.now')::timestamptz $$;
CREATE FUNCTION fake.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
  $$ SELECT pg_catalog.current_setting('calsync.now')::timestamptz $$;
CREATE FUNCTION fake.gen_random_uuid() RETURNS uuid LANGUAGE sql VOLATILE AS
  $$ SELECT COALESCE(NULLIF(pg_catalog.current_setting('calsync.next_id'), '')::uuid, pg_catalog.gen_random_uuid()) $$;
)";

Task<void> execute_in(db::Pool& pool, std::string text) {
  db::Pool::Handle session = co_await pool.acquire();
  co_await session->execute(std::move(text));
}

Task<void> execute_once(asio::any_io_executor executor, AsyncClock& clock, std::string uri, std::string text) {
  auto session = co_await db::Connection::open(executor, clock, std::move(uri), std::chrono::seconds(10));
  co_await session->execute(std::move(text));
}

Task<void> migrate_with(asio::any_io_executor executor, AsyncClock& clock, std::string uri) {
  auto session = co_await db::Connection::open(executor, clock, std::move(uri), std::chrono::seconds(10));
  co_await db::migrate(*session);
}

}  // namespace

std::string host_of(const std::string& worker) { return "host-" + worker.substr(worker.size() - 4); }

RealDatabase::RealDatabase(std::vector<std::string> workers) {
  OsRandom random;
  name_ = "contract_" + to_hex(random.bytes(8));
  create();
  workers.push_back(random_uuid(random));
  for (const std::string& id : workers) {
    processes_.push_back(std::make_unique<store::PostgresWorkerDatabase>(
        io_.get_executor(), clock_, Secret(server() + " dbname=" + name_), 1,
        store::PostgresWorkerDatabase::Identity{WorkerId::trusted(id), host_of(id), "1"}));
  }
  told_.resize(processes_.size());
}

RealDatabase::~RealDatabase() {
  processes_.clear();
  run(execute_once(io_.get_executor(), clock_, server() + " dbname=postgres",
                   "DROP DATABASE " + name_ + " WITH (FORCE)"));
}

void RealDatabase::create() {
  const std::string uri = server() + " dbname=" + name_;
  const auto once = [&](const std::string& where, const std::string& text) {
    run(execute_once(io_.get_executor(), clock_, where, text));
  };
  once(server() + " dbname=postgres", "CREATE DATABASE " + name_);
  once(uri, virtual_schema);
  once(uri, "ALTER DATABASE " + name_ + " SET search_path = fake, pg_catalog");
  once(uri, "ALTER DATABASE " + name_ + " SET calsync.now = '2026-03-02T00:00:00Z'");
  once(uri, "ALTER DATABASE " + name_ + " SET calsync.next_id = ''");
  run(migrate_with(io_.get_executor(), clock_, uri));
  // It fixes its search path, in which the server's own now() comes first.
  once(uri, "ALTER FUNCTION calsync_connection_abandons_channels() SET search_path = fake, pg_catalog, pg_temp");
}

void RealDatabase::set(Time now, const std::string& next_id) {
  settings_ = "SET calsync.now = '" + db::to_text(now) + "'; SET calsync.next_id = '" + next_id + "'";
}

store::PostgresWorkerDatabase& RealDatabase::at(std::size_t index) {
  if (std::exchange(told_[index], settings_) != settings_) {
    run(execute_in(processes_[index]->pool(), settings_));
    run(execute_in(processes_[index]->heart(), settings_));
  }
  return *processes_[index];
}

void RealDatabase::empty_tables() {
  execute(
      "TRUNCATE profiles, external_calendar_connections, external_calendar_credentials, external_calendars, "
      "external_calendar_events, calendar_staged_reads, calendar_staged_events, calendar_sync_runs, calendar_job_runs, "
      "calendar_job_run_items, "
      "calendar_push_channels, "
      "calendar_abandoned_channels, calendar_revocations, calendar_sync_workers, calendar_gate_state, "
      "calendar_metrics, "
      "calendar_metrics_batches, "
      "calendar_connection_states, calendar_rate_buckets, calendar_rate_slots, calendar_provider_circuits CASCADE");
}

void RealDatabase::execute(const std::string& text) { run(execute_in(pool(), text)); }

void RealDatabase::run(Task<void> task) {
  std::exception_ptr failure;
  asio::co_spawn(io_, std::move(task), [&](std::exception_ptr thrown) { failure = thrown; });
  io_.restart();
  io_.run();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace calsync::contract
