// SPDX-License-Identifier: Apache-2.0
// What the database itself writes down of people's edits, and the timeline and its partitions.
#include <catch2/catch.hpp>

#include "common/store/operator_store.hpp"
#include "common/store/postgres_claim_queue.hpp"
#include "tests/integration/store/database.hpp"

using namespace calsync;
using test::TestDatabase;

namespace {

struct Books {
  TestDatabase database;
  std::string owner = database.add_owner();
  std::string id = database.add_connection(owner);
  store::OperatorStore operators{database.pool()};

  std::string set(const std::string& columns) {
    return database.sql("UPDATE external_calendar_connections SET " + columns + " WHERE id = '" + id + "'");
  }
  std::string lines(const std::string& expression = "count(*)") {
    return database.sql("SELECT " + expression + " FROM calendar_operator_actions");
  }
  std::string partitions(const std::string& parent) {
    return database.sql(
        "SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = '" + parent +
        "'::regclass AND c.relname ~ '_[0-9]{8}$'");
  }
  std::string add_run(const std::string& finished) {
    return database.sql(
        "INSERT INTO calendar_sync_runs (sync_id, connection_id, provider_id, provider, lease_token, outcome, "
        "started_at,"
        " finished_at) SELECT gen_random_uuid(), id, provider_id, provider, 1, 'complete', " +
        finished + ", " + finished + " FROM external_calendar_connections");
  }
};

}  // namespace

TEST_CASE("a plain edit is written down with what was, what is, and whose session it was") {
  Books books;
  books.set("backoff_until = '2030-01-01Z', sync_frequency_minutes = 7");
  CHECK(books.lines("actor || ' ' || actor_kind || ' ' || action") == "calsync sql edit");
  CHECK(books.lines("reason IS NULL AND connection_id = '" + books.id + "' AND provider_id = '" + books.owner + "'") ==
        "t");
  CHECK(books.lines("before ->> 'sync_frequency_minutes'") == "5");
  CHECK(books.lines("(after ->> 'sync_frequency_minutes') || ' ' || (after ->> 'backoff_until' LIKE '2030-01-01%')") ==
        "7 true");
  CHECK(books.lines("before ? 'backoff_until' AND NOT before ? 'sync_enabled'") == "t");
}

TEST_CASE("a cursor is written down as being there or not") {
  Books books;
  books.set("sync_cursor = 'canary-of-a-cursor'");
  CHECK(books.lines("after ->> 'sync_cursor'") == "true");
  CHECK(books.lines("calendar_operator_actions::text LIKE '%canary%'") == "f");
}

TEST_CASE("an edit that changes nothing leaves no line, and a reason lasts no longer than its transaction") {
  Books books;
  books.set("backoff_until = NULL, sync_enabled = true");
  CHECK(books.lines() == "0");
  store::Author author{"ada", "admin", "", "because"};
  books.database.run(
      books.operators.act(store::OperatorAction::disable, ConnectionId::trusted(books.id), author, 0, false));
  const auto handle = books.database.run(books.database.pool().acquire());
  books.database.run(handle->execute("UPDATE external_calendar_connections SET sync_enabled = true"));
  CHECK(books.lines("string_agg(actor || ' ' || coalesce(reason, '-'), ', ' ORDER BY id)") == "ada because, calsync -");
}

TEST_CASE("a worker's claim, extension, settlement and release leave no line") {
  Books books;
  store::PostgresClaimQueue queue(books.database.pool(), WorkerId::trusted(random_uuid(books.database.random())),
                                  "host", "1");
  for (const std::string& error : {std::string(), std::string("timeout: x")}) {
    books.database.sql("UPDATE external_calendar_connections SET sync_needed = true");
    const sync::Claim claim =
        books.database.run(queue.claim({ConnectionId::trusted(books.id)}, {.providers = {"google"}}, 300)).at(0);
    REQUIRE(books.database.run(queue.extend(claim.connection, claim.lease_token, claim.edit_seq, 300)));
    sync::Settlement one;
    one.sync_id = random_uuid(books.database.random());
    one.connection = claim.connection;
    one.lease_token = claim.lease_token;
    one.wake_seq = claim.wake_seq;
    one.edit_seq = claim.edit_seq;
    one.cursor = "c" + error;
    one.outcome.verdict = error.empty() ? sync::Verdict::complete : sync::Verdict::retry;
    one.outcome.last_error = error;
    one.started_at = books.database.clock().now();
    REQUIRE(books.database.run(queue.settle({one})).settled.size() == 1);
  }
  books.database.sql(
      "UPDATE external_calendar_connections SET lease_token = 9, lease_until = now() + interval '1 minute', "
      "backoff_until = NULL");
  books.database.run(queue.release({{ConnectionId::trusted(books.id), 9, std::chrono::seconds(60)}}));
  CHECK(books.database.sql(
            "SELECT backoff_until IS NOT NULL AND lease_until IS NULL FROM external_calendar_connections") == "t");
  CHECK(books.lines() == "0");
}

TEST_CASE("a deleted connection loses its timeline and keeps its lines") {
  Books books;
  books.set("sync_enabled = false");
  books.add_run("now()");
  CHECK(books.database.sql("SELECT string_agg(DISTINCT kind, ' ' ORDER BY kind) FROM calendar_connection_timeline") ==
        "action event run");
  books.database.sql("DELETE FROM external_calendar_connections");
  CHECK(books.database.sql("SELECT count(*) FROM calendar_timeline") == "0");
  CHECK(books.database.sql("SELECT count(*) FROM calendar_sync_runs") == "0");
  CHECK(books.lines("action") == "edit");
}

TEST_CASE("a timeline is read page by page, newest first, in whole instants") {
  Books books;
  for (int minute = 1; minute <= 5; ++minute)
    for (int twin = 0; twin < 2; ++twin)
      books.add_run("date_trunc('minute', now()) - interval '" + std::to_string(minute) + " minutes'");
  std::size_t seen = 0;
  std::optional<Time> before = books.database.clock().now();
  Time last = *before;
  do {
    const auto page = books.database.run(books.operators.timeline(ConnectionId::trusted(books.id), before, 3));
    for (const auto& one : page.entries) {
      CHECK(one.happened_at <= last);
      last = one.happened_at;
      seen += one.kind == "run";
    }
    before = page.before;
  } while (before);
  CHECK(seen == 10);
}

TEST_CASE("partitions are made ahead and dropped when their last day is over the retention") {
  Books books;
  CHECK(books.partitions("calendar_sync_runs") == "4");
  CHECK(books.partitions("calendar_timeline") == "4");
  for (const char* days : {"40", "31", "29"})
    books.database.sql(
        std::string("DO $$ DECLARE d timestamptz := date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - "
                    "interval '24 hours' * ") +
        days +
        "; BEGIN EXECUTE format('CREATE TABLE %I PARTITION OF calendar_sync_runs FOR VALUES FROM (%L) TO (%L)',"
        " 'calendar_sync_runs_' || to_char(d AT TIME ZONE 'UTC', 'YYYYMMDD'), d, d + interval '24 hours'); END $$");
  for (const char* days : {"40", "29"}) books.add_run(std::string("now() - interval '24 hours' * ") + days);
  CHECK(books.database.sql("SELECT calsync_roll_partitions(30)") == "2");
  CHECK(books.partitions("calendar_sync_runs") == "5");
  CHECK(books.database.sql("SELECT count(*) FROM calendar_sync_runs") == "1");
  CHECK(books.database.sql("SELECT calsync_roll_partitions(30)") == "0");
}

TEST_CASE("days that stand in the default partition hinder nobody") {
  Books books;
  books.add_run("now() + interval '24 hours' * 3");
  books.database.sql("DROP TABLE calendar_sync_runs_default CASCADE");
  books.database.sql("CREATE TABLE calendar_sync_runs_default PARTITION OF calendar_sync_runs DEFAULT");
  // As after days without a worker: tomorrow's rows are here already, and its partition is not.
  const std::string tomorrow =
      books.database.sql("SELECT to_char((now() + interval '24 hours') AT TIME ZONE 'UTC', 'YYYYMMDD')");
  books.database.sql("DROP TABLE calendar_sync_runs_" + tomorrow);
  books.add_run("now() + interval '24 hours'");
  CHECK(books.database.sql("SELECT count(*) FROM calendar_sync_runs_default") == "1");
  CHECK(books.database.sql("SELECT calsync_roll_partitions(30)") == "0");
  CHECK(books.partitions("calendar_sync_runs") == "3");
  CHECK(books.database.sql("SELECT count(*) FROM calendar_sync_runs WHERE finished_at > now()") == "2");
}
