// SPDX-License-Identifier: Apache-2.0
// Who waits for whom: batches of workers, people with plain SQL, and the upkeep.
#include <catch2/catch.hpp>

#include "common/store/postgres_claim_queue.hpp"
#include "common/store/postgres_mirror_store.hpp"
#include "tests/integration/store/database.hpp"

using namespace calsync;
using namespace std::chrono_literals;
using test::TestDatabase;

namespace {

constexpr sql::Query waiters{"locks_waiters", "SELECT count(*) AS waiting FROM pg_locks WHERE NOT granted"};

struct Parties {
  TestDatabase database;
  std::string owner = database.add_owner();
  std::string first = database.add_connection(owner);
  std::string second = database.add_connection(owner);
  WorkerId worker = WorkerId::trusted(random_uuid(database.random()));
  store::PostgresClaimQueue queue{database.pool(), worker, "host", "1"};
  store::PostgresMirrorStore mirror{database.pool(), worker};
  std::unique_ptr<db::Connection> hand = database.session();

  std::vector<sync::Claim> claim() {
    return database.run(queue.claim({ConnectionId::trusted(first), ConnectionId::trusted(second)}, {}, 300));
  }
  sync::Settlement success(const sync::Claim& claim) {
    sync::Settlement one;
    one.sync_id = random_uuid(database.random());
    one.connection = claim.connection;
    one.lease_token = claim.lease_token;
    one.wake_seq = claim.wake_seq;
    one.edit_seq = claim.edit_seq;
    one.outcome = sync::completed();
    one.started_at = database.clock().now();
    return one;
  }
  void by_hand(const std::string& text) { database.run(hand->execute(text)); }
  std::string of_first(const std::string& column) {
    return database.sql("SELECT (" + column + ")::text FROM external_calendar_connections WHERE id = '" + first + "'");
  }
  void add_event(const std::string& id, const std::string& more_columns, const std::string& more_values) {
    database.sql(
        "INSERT INTO external_calendar_events (connection_id, provider_id, provider, external_calendar_id, "
        "external_event_id, sync_status" +
        more_columns + ") VALUES ('" + first + "', '" + owner + "', 'google', 'cal', '" + id + "', " + more_values +
        ")");
  }
};

/// What somebody does by hand once another statement waits for him.
Task<void> once_waited_for(Parties& parties, std::vector<std::string> statements) {
  const Duration begun = parties.database.clock().monotonic();
  while ((co_await parties.database.pool().query(waiters, {})).number(0, "waiting") == 0) {
    if (parties.database.clock().monotonic() - begun > 20s) throw std::runtime_error("nobody waits");
    co_await parties.database.clock().sleep(5ms);
  }
  for (std::string& one : statements) co_await parties.hand->execute(std::move(one));
}

void meanwhile(Parties& parties, std::vector<std::string> statements) {
  asio::co_spawn(parties.database.io(), once_waited_for(parties, std::move(statements)), [](std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
}

}  // namespace

TEST_CASE("a batch of verdicts passes by the rows that somebody has locked", "[locks]") {
  Parties parties;
  const auto claims = parties.claim();
  REQUIRE(claims.size() == 2);
  parties.by_hand("BEGIN");
  parties.by_hand("UPDATE external_calendar_connections SET updated_at = now() WHERE id = '" + parties.first + "'");
  const std::set<ConnectionId> first{ConnectionId::trusted(parties.first)};
  const std::set<ConnectionId> second{ConnectionId::trusted(parties.second)};

  SECTION("settlements") {
    std::vector<sync::Settlement> both{parties.success(claims[0]), parties.success(claims[1])};
    const store::SettledRuns runs = parties.database.run(parties.queue.settle(both));
    CHECK(runs.settled == second);
    CHECK(runs.held == first);
    parties.by_hand("COMMIT");
    CHECK(parties.database.run(parties.queue.settle(both)).settled == first);
    CHECK(parties.of_first("sync_needed") == "false");
  }
  SECTION("leases") {
    std::vector<sync::ReturnedLease> both;
    for (const sync::Claim& one : claims) both.push_back({one.connection, one.lease_token, {}});
    CHECK(parties.database.run(parties.queue.release(both)) == first);
    parties.by_hand("COMMIT");
    CHECK(parties.database.run(parties.queue.release(both)).empty());
  }
  SECTION("what was fenced off is not held") {
    parties.by_hand("COMMIT");
    parties.database.sql("UPDATE external_calendar_connections SET lease_token = lease_token + 1, lease_until = NULL");
    const store::SettledRuns runs = parties.database.run(parties.queue.settle({parties.success(claims[0])}));
    CHECK(runs.settled.empty());
    CHECK(runs.held.empty());
    CHECK(parties.database.run(parties.queue.release({{claims[0].connection, claims[0].lease_token, {}}})).empty());
  }
  CHECK(parties.database.sql("SELECT count(*) FROM external_calendar_connections WHERE lease_until IS NOT NULL") ==
        "0");
}

TEST_CASE("rows whose transaction was a deadlock's victim are written again", "[locks]") {
  Parties parties;
  parties.database.sql("INSERT INTO external_calendars (connection_id, external_calendar_id, name) VALUES ('" +
                       parties.first + "', 'cal', 'before')");
  const auto claims = parties.claim();
  const sync::Claim& claim = claims.at(claims[0].connection.str() == parties.first ? 0 : 1);
  // A calendar and then its connection, where a run takes the connection first. The run is the one to notice.
  parties.by_hand("SET deadlock_timeout = '30s'");
  parties.by_hand("BEGIN");
  parties.by_hand("UPDATE external_calendars SET name = 'by hand'");
  meanwhile(parties, {"UPDATE external_calendar_connections SET updated_at = now() WHERE id = '" + parties.first + "'",
                      "COMMIT"});
  sync::RunRows rows;
  rows.notes.push_back({"cal", ""});
  CHECK(parties.database.run(parties.mirror.settle(claim, std::move(rows), parties.success(claim))));
  CHECK(parties.of_first("lease_until IS NULL") == "true");
  CHECK(parties.database.sql("SELECT name || ' ' || (last_synced_at IS NOT NULL) FROM external_calendars") ==
        "by hand true");
}

TEST_CASE("a claim sees what was committed with the wake-up that it serves", "[locks]") {
  Parties parties;
  parties.database.sql("INSERT INTO external_calendars (connection_id, external_calendar_id, name) VALUES ('" +
                       parties.first + "', 'cal', 'before')");
  parties.by_hand("BEGIN");
  db::Values claim{
      "{" + parties.first + "}", parties.worker.str(), "300", "{}", "true", std::nullopt, std::nullopt, std::nullopt};
  REQUIRE(parties.database.run(parties.hand->query(sql::queue_claim, std::move(claim))).size() == 1);
  parties.database.sql("UPDATE external_calendars SET selected = false");
  db::Values claimed{"{" + parties.first + "}", parties.worker.str(), "15"};
  const db::Rows rows = parties.database.run(parties.hand->query(sql::queue_claimed, std::move(claimed)));
  REQUIRE(rows.size() == 1);
  CHECK(std::string(rows.text(0, "calendars")).find(R"("selected" : false)") != std::string::npos);
}

TEST_CASE("events that are tried again wake their connection in any case", "[locks]") {
  Parties parties;
  for (const char* id : {"e1", "e2", "e3"}) parties.add_event(id, ", last_error", "'FAILED', 'too_large: x'");
  const std::string again =
      "UPDATE external_calendar_events SET sync_status = 'CREATED', last_error = NULL WHERE sync_status = 'FAILED'";

  SECTION("also one that waits for a run anyway: nobody claims it before the wish is committed") {
    const std::string before = parties.of_first("wake_seq + 1");
    parties.by_hand("BEGIN");
    parties.by_hand(again);
    const auto others = parties.claim();
    REQUIRE(others.size() == 1);
    CHECK(others[0].connection.str() == parties.second);
    parties.by_hand("COMMIT");
    const auto claims = parties.claim();
    REQUIRE(claims.size() == 1);
    CHECK(claims[0].retry_calendars == std::vector<std::string>{"cal"});
    // Once for three events.
    CHECK(parties.of_first("wake_seq") == before);
  }
  SECTION("also one that the same transaction has changed otherwise while a run is on its way") {
    const auto claims = parties.claim();
    REQUIRE(claims.size() == 2);
    parties.by_hand("BEGIN");
    parties.by_hand("UPDATE external_calendar_connections SET last_error = NULL");
    parties.by_hand("SAVEPOINT one");
    parties.by_hand(again);
    parties.by_hand("COMMIT");
    parties.database.run(parties.queue.settle({parties.success(claims[0]), parties.success(claims[1])}));
    CHECK(parties.of_first("sync_needed") == "true");
  }
}

TEST_CASE("a tombstone that comes back while it is pruned stays", "[locks]") {
  Parties parties;
  parties.add_event("e1", ", deleted_at", "'SYNCED', now() - interval '40 days'");
  parties.by_hand("BEGIN");
  parties.by_hand("UPDATE external_calendar_events SET deleted_at = NULL");
  meanwhile(parties, {"COMMIT"});
  db::Values days{"30"};
  parties.database.run(parties.database.pool().query(sql::mirror_prune, std::move(days)));
  CHECK(parties.database.sql("SELECT count(*) FROM external_calendar_events WHERE deleted_at IS NULL") == "1");
}

TEST_CASE("partitions are left to another minute while somebody reads the history", "[locks]") {
  Parties parties;
  const std::string last =
      "calendar_sync_runs_" +
      parties.database.sql("SELECT to_char((now() + interval '72 hours') AT TIME ZONE 'UTC', 'YYYYMMDD')");
  parties.database.sql("DROP TABLE " + last);
  parties.by_hand("BEGIN");
  parties.by_hand("SELECT count(*) FROM calendar_sync_runs");
  CHECK(parties.database.sql("SELECT calsync_roll_partitions(30)") == "0");
  CHECK(parties.database.sql("SELECT to_regclass('" + last + "') IS NULL") == "t");
  parties.by_hand("COMMIT");
  parties.database.sql("SELECT calsync_roll_partitions(30)");
  CHECK(parties.database.sql("SELECT to_regclass('" + last + "') IS NULL") == "f");
}

TEST_CASE("the server lets go of what a vanished client had locked", "[locks]") {
  TestDatabase database;
  const auto session = database.session();
  // A socket file has no keepalives; what was asked for can be seen all the same.
  static constexpr sql::Query asked{
      "locks_asked",
      "SELECT string_agg(name || '=' || reset_val, ' ' ORDER BY name) AS asked FROM pg_settings WHERE name IN "
      "('tcp_keepalives_idle', 'tcp_keepalives_interval', 'tcp_keepalives_count', 'tcp_user_timeout', "
      "'idle_in_transaction_session_timeout')"};
  CHECK(database.run(session->query(asked, {})).text(0, "asked") ==
        "idle_in_transaction_session_timeout=60000 tcp_keepalives_count=3 tcp_keepalives_idle=10 "
        "tcp_keepalives_interval=5 tcp_user_timeout=15000");
}
