// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>

#include "common/async/deadline.hpp"
#include "common/store/postgres_worker_database.hpp"
#include "tests/integration/store/database.hpp"

using namespace calsync;
using test::TestDatabase;

namespace {

Task<void> take_and_return(db::Pool& pool) { co_await pool.acquire(); }

/// Holds every session while somebody waits in vain, and gives them all back.
Task<DeadlineOutcome> wait_in_vain(db::Pool& pool, AsyncClock& clock) {
  std::vector<db::Pool::Handle> held;
  while (pool.figures().in_use < pool.figures().size) held.push_back(co_await pool.acquire());
  Task<void> waiting = take_and_return(pool);
  co_return co_await race_deadline(clock, Deadline(clock, std::chrono::milliseconds(5)), std::move(waiting));
}

Task<int> hold_all(db::Pool& pool) {
  std::vector<db::Pool::Handle> held;
  while (held.size() < pool.figures().size) held.push_back(co_await pool.acquire());
  co_return static_cast<int>(held.size());
}

Task<void> beat(store::PostgresWorkerDatabase& worker) { co_await worker.queue().heartbeat(); }

/// Runs have every session at work.
Task<DeadlineOutcome> beat_while_all_are_busy(store::PostgresWorkerDatabase& worker, AsyncClock& clock) {
  std::vector<db::Pool::Handle> held;
  while (held.size() < worker.pool().figures().size) held.push_back(co_await worker.pool().acquire());
  Task<void> beating = beat(worker);
  co_return co_await race_deadline(clock, Deadline(clock, std::chrono::seconds(5)), std::move(beating));
}

Task<std::string> backend(db::Pool& pool) {
  static constexpr sql::Query query{"backend", "SELECT pg_backend_pid() AS pid"};
  const db::Rows rows = co_await pool.query(query, {});
  co_return std::string(rows.text(0, "pid"));
}

}  // namespace

TEST_CASE("a wait for a session that was given up takes no session with it") {
  TestDatabase database;
  db::Pool& pool = database.pool();
  for (int round = 0; round < 3; ++round) {
    CHECK(database.run(wait_in_vain(pool, database.clock())) == DeadlineOutcome::timed_out);
    CHECK(pool.figures().in_use == 0);
    CHECK(pool.figures().waiting == 0);
    CHECK(database.run(hold_all(pool)) == static_cast<int>(pool.figures().size));
  }
}

TEST_CASE("those who wait for a session get one in turn") {
  TestDatabase database;
  db::Pool& pool = database.pool();
  int served = 0;
  for (int i = 0; i < 100; ++i) {
    asio::co_spawn(database.io(), backend(pool),
                   [&served](std::exception_ptr failure, const std::string&) { served += failure ? 0 : 1; });
  }
  database.io().restart();
  database.io().run();
  CHECK(served == 100);
  CHECK(pool.figures().in_use == 0);
}

TEST_CASE("the session that was used last is used next") {
  TestDatabase database;
  db::Pool& pool = database.pool();
  database.run(hold_all(pool));
  const std::string first = database.run(backend(pool));
  for (int i = 0; i < 5; ++i) CHECK(database.run(backend(pool)) == first);
}

TEST_CASE("a heartbeat waits for no run") {
  TestDatabase database;
  store::PostgresWorkerDatabase worker(database.io().get_executor(), database.clock(), database.uri(), 2,
                                       {WorkerId::trusted(random_uuid(database.random())), "host", "1"});
  CHECK(database.run(beat_while_all_are_busy(worker, database.clock())) == DeadlineOutcome::finished);
  CHECK(database.sql("SELECT count(*) FROM calendar_sync_workers") == "1");
}
