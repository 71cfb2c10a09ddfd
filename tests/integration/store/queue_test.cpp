// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "common/store/postgres_claim_queue.hpp"
#include "tests/integration/store/database.hpp"

using namespace calsync;
using test::TestDatabase;

namespace {

struct Queue {
  TestDatabase database;
  std::string owner = database.add_owner();
  std::string id = database.add_connection(owner);
  store::PostgresClaimQueue queue{database.pool(), WorkerId::trusted(random_uuid(database.random())), "host", "1"};
  store::ClaimFilter filter{.providers = {"google", "ics"}};

  std::vector<sync::Claim> claim() {
    auto found = database.run(queue.candidates(filter, 100));
    std::vector<ConnectionId> ids;
    for (const auto& one : found) ids.push_back(one.connection);
    return database.run(queue.claim(ids, filter, 300));
  }
  std::string column(const std::string& name) {
    return database.sql("SELECT COALESCE((" + name +
                        ")::text, 'NULL') FROM external_calendar_connections WHERE id = '" + id + "'");
  }
  void update(const std::string& set) {
    database.sql("UPDATE external_calendar_connections SET " + set + " WHERE id = '" + id + "'");
  }
  std::size_t settle(const sync::Claim& claim, sync::Outcome outcome, std::optional<std::string> cursor = "c1") {
    sync::Settlement one;
    one.sync_id = random_uuid(database.random());
    one.connection = claim.connection;
    one.lease_token = claim.lease_token;
    one.wake_seq = claim.wake_seq;
    one.edit_seq = claim.edit_seq;
    one.outcome = std::move(outcome);
    one.cursor = std::move(cursor);
    one.started_at = database.clock().now();
    return database.run(queue.settle({one})).settled.size();
  }
};

const sync::Outcome failed{sync::Verdict::retry, "rate_limited: slow down", std::chrono::seconds(600), 0};

}  // namespace

TEST_CASE("a new connection is due, and one lease at a time exists") {
  Queue q;
  const auto first = q.claim();
  REQUIRE(first.size() == 1);
  CHECK(first[0].connection.str() == q.id);
  CHECK(first[0].owner.str() == q.owner);
  CHECK(first[0].asked_for);
  CHECK(q.claim().empty());
}

TEST_CASE("success clears errors and wake-up, and schedules the next poll") {
  Queue q;
  q.update("error_count = 3, last_error = 'timeout: x'");
  CHECK(q.settle(q.claim().at(0), sync::completed()) == 1);
  CHECK(q.column("sync_needed") == "false");
  CHECK(q.column("error_count") == "0");
  CHECK(q.column("last_error") == "NULL");
  CHECK(q.column("backoff_until") == "NULL");
  CHECK(q.column("sync_cursor") == "c1");
  CHECK(q.column("lease_until") == "NULL");
  CHECK(q.column("sync_due_at = last_synced_at + interval '5 minutes'") == "true");
  CHECK(q.claim().empty());
}

TEST_CASE("failure keeps the wake-up, counts, and backs off") {
  Queue q;
  CHECK(q.settle(q.claim().at(0), failed, std::nullopt) == 1);
  CHECK(q.column("sync_needed") == "true");
  CHECK(q.column("error_count") == "1");
  CHECK(q.column("last_error") == "rate_limited: slow down");
  CHECK(q.column("backoff_until > now() + interval '590 seconds'") == "true");
  CHECK(q.claim().empty());
  q.update("backoff_until = NULL");
  CHECK(q.claim().size() == 1);
}

TEST_CASE("a stale epoch writes nothing") {
  Queue q;
  const sync::Claim old = q.claim().at(0);
  q.database.sql("UPDATE external_calendar_connections SET lease_until = now() - interval '1 second'");
  const sync::Claim taken_over = q.claim().at(0);
  CHECK(taken_over.lease_token > old.lease_token);
  CHECK(q.settle(old, sync::completed(), "stale") == 0);
  CHECK(q.column("sync_cursor") == "NULL");
  CHECK(q.settle(taken_over, sync::completed(), "fresh") == 1);
  CHECK(q.column("sync_cursor") == "fresh");
}

TEST_CASE("leases of a dead worker are taken over at once") {
  Queue q;
  REQUIRE(q.claim().size() == 1);
  q.filter.dead_workers = {q.queue.worker().str()};
  CHECK(q.claim().size() == 1);
}

TEST_CASE("a wake-up during a run survives its success, true to true as well") {
  Queue q;
  const sync::Claim claim = q.claim().at(0);
  q.update("sync_needed = true");
  q.settle(claim, sync::completed());
  CHECK(q.column("sync_needed") == "true");
  CHECK(q.claim().size() == 1);
}

TEST_CASE("an operator's edit during a run wins") {
  Queue q;
  q.settle(q.claim().at(0), sync::completed(), "before");
  q.update("sync_needed = true");
  const sync::Claim claim = q.claim().at(0);
  q.update("sync_cursor = NULL, last_synced_at = NULL, error_count = 0, last_error = NULL, backoff_until = NULL");
  CHECK(q.settle(claim, sync::completed(), "after") == 1);
  CHECK(q.column("sync_cursor") == "NULL");
  CHECK(q.column("last_synced_at") == "NULL");
  CHECK(q.claim().size() == 1);
}

TEST_CASE("an operator's plain UPDATE acts at once") {
  Queue q;
  q.settle(q.claim().at(0), sync::completed());
  REQUIRE(q.claim().empty());
  SECTION("sync_needed") { q.update("sync_needed = true"); }
  SECTION("last_synced_at") { q.update("last_synced_at = NULL"); }
  SECTION("sync_cursor") { q.update("sync_cursor = NULL"); }
  SECTION("sync_frequency_minutes") {
    q.update("last_synced_at = now() - interval '2 minutes'");
    q.update("sync_frequency_minutes = 1");
  }
  SECTION("sync_enabled off and on") {
    q.update("sync_enabled = false");
    q.update("sync_enabled = true");
  }
  CHECK(q.claim().size() == 1);
}

TEST_CASE("what must not be claimed is not") {
  Queue q;
  SECTION("disabled") { q.update("sync_enabled = false"); }
  SECTION("backing off") { q.update("backoff_until = now() + interval '1 hour'"); }
  SECTION("owner off the list") { q.filter.owners = std::vector<std::string>{"00000000-0000-4000-8000-000000000000"}; }
  SECTION("nobody on the list") { q.filter.owners = std::vector<std::string>{}; }
  SECTION("connection off the list") { q.filter.connections = std::vector<std::string>{}; }
  SECTION("a provider without adapter") { q.filter.providers = {"ics"}; }
  CHECK(q.claim().empty());
}

TEST_CASE("the claim itself asks the gate and the schedule again") {
  Queue q;
  const std::vector<ConnectionId> ids{ConnectionId::trusted(q.id)};
  store::ClaimFilter filter = q.filter;
  SECTION("owner") { filter.owners = std::vector<std::string>{}; }
  SECTION("connection") { filter.connections = std::vector<std::string>{}; }
  SECTION("backoff") { q.update("backoff_until = now() + interval '1 hour'"); }
  SECTION("disabled") { q.update("sync_enabled = false"); }
  SECTION("polling off") {
    q.update("sync_needed = false");
    filter.polling = false;
  }
  CHECK(q.database.run(q.queue.claim(ids, filter, 300)).empty());
}

TEST_CASE("with polling off only asked-for work is claimed") {
  Queue q;
  q.settle(q.claim().at(0), sync::completed());
  q.update("last_synced_at = now() - interval '1 day'");
  q.filter.polling = false;
  CHECK(q.claim().empty());
  q.update("sync_needed = true");
  CHECK(q.claim().size() == 1);
}

TEST_CASE("allowlisted owners are found without scanning the others") {
  Queue q;
  const std::string other = q.database.add_owner();
  q.database.add_connection(other);
  q.filter.owners = std::vector<std::string>{other};
  const auto claims = q.claim();
  REQUIRE(claims.size() == 1);
  CHECK(claims[0].owner.str() == other);
}

TEST_CASE("putting a failed event back to CREATED wakes its connection") {
  Queue q;
  q.settle(q.claim().at(0), sync::completed());
  q.database.sql(
      "INSERT INTO external_calendar_events (connection_id, provider_id, provider, external_calendar_id, "
      "external_event_id, sync_status) VALUES ('" +
      q.id + "', '" + q.owner + "', 'google', 'cal', 'e1', 'FAILED')");
  REQUIRE(q.claim().empty());
  q.database.sql(
      "UPDATE external_calendar_events SET sync_status = 'CREATED', last_error = NULL WHERE sync_status = 'FAILED' AND "
      "provider_id = '" +
      q.owner + "'");
  const auto claims = q.claim();
  REQUIRE(claims.size() == 1);
  CHECK(claims[0].retry_calendars == std::vector<std::string>{"cal"});
}

TEST_CASE("released leases leave the row as it was") {
  Queue q;
  const sync::Claim claim = q.claim().at(0);
  q.database.run(q.queue.release({{claim.connection, claim.lease_token, {}}}));
  CHECK(q.column("edit_seq") == "0");
  CHECK(q.column("sync_needed") == "true");
  CHECK(q.claim().size() == 1);
}

TEST_CASE("a claim is a HOT update: it writes no index") {
  static constexpr sql::Query hot{
      "hot", "SELECT pg_stat_get_xact_tuples_hot_updated('external_calendar_connections'::regclass) AS hot"};
  Queue q;
  const auto session = q.database.session();
  q.database.run(session->execute("BEGIN"));
  db::Values values{"{" + q.id + "}", q.queue.worker().str(), "300",        "{}",
                    "true",           std::nullopt,           std::nullopt, std::nullopt};
  REQUIRE(q.database.run(session->query(sql::queue_claim, values)).size() == 1);
  CHECK(q.database.run(session->query(hot, {})).number(0, "hot") == 1);
}

TEST_CASE("what people asked for is claimed before overdue polls") {
  Queue queue;
  queue.update("sync_needed = false, last_synced_at = now() - interval '1 day'");
  const std::string asked = queue.database.add_connection(queue.owner);
  queue.database.sql(
      "UPDATE external_calendar_connections SET last_synced_at = now(), sync_priority = 2, sync_needed = true WHERE id "
      "= '" +
      asked + "'");
  const auto found = queue.database.run(queue.queue.candidates(queue.filter, 100));
  REQUIRE(found.size() >= 2);
  CHECK(found.front().connection.str() == asked);
}

TEST_CASE("owners with as many runs as they may have do not fill the window") {
  Queue queue;
  const std::string other = queue.database.add_owner();
  const std::string theirs = queue.database.add_connection(other);
  store::ClaimFilter filter = queue.filter;
  filter.busy_owners = {queue.owner};
  // Nobody waits for them, so that they are found once.
  queue.database.sql("UPDATE external_calendar_connections SET sync_priority = 0");
  for (const bool polling : {true, false}) {
    filter.polling = polling;
    const auto found = queue.database.run(queue.queue.candidates(filter, 1));
    REQUIRE(found.size() == 1);
    CHECK(found.front().connection.str() == theirs);
  }
  filter.owners = {queue.owner, other};
  const auto listed = queue.database.run(queue.queue.candidates(filter, 10));
  REQUIRE(listed.size() == 1);
  CHECK(listed.front().connection.str() == theirs);
}

TEST_CASE("many failed events of one connection in one statement are one wake-up") {
  Queue queue;
  queue.database.sql(
      "INSERT INTO external_calendar_events (connection_id, provider_id, provider, external_calendar_id, "
      "external_event_id, sync_status)"
      " SELECT '" +
      queue.id + "', '" + queue.owner +
      "', 'google', 'c', 'e' || n, 'FAILED' FROM generate_series(1, 500) n RETURNING id");
  REQUIRE(queue.claim().size() == 1);
  const int before = std::stoi(queue.column("wake_seq"));
  queue.database.sql(
      "UPDATE external_calendar_events SET sync_status = 'CREATED', last_error = NULL WHERE sync_status = 'FAILED' "
      "RETURNING id");
  CHECK(std::stoi(queue.column("wake_seq")) == before + 1);
  CHECK(queue.column("sync_needed") == "true");
}

TEST_CASE("a failing run does not write its error over what an operator or a reconnect has just cleared") {
  Queue queue;
  const auto claims = queue.claim();
  REQUIRE(claims.size() == 1);
  queue.update("backoff_until = NULL, error_count = 0, last_error = NULL");
  CHECK(queue.settle(claims.front(), failed, std::nullopt) == 1);
  CHECK(queue.column("last_error") == "NULL");
  CHECK(queue.column("backoff_until") == "NULL");
  CHECK(queue.column("lease_until") == "NULL");
}

TEST_CASE("a claim knows since when the first wake-up that it serves has waited") {
  Queue q;
  // Nobody has woken a new connection.
  const auto first = q.claim();
  CHECK_FALSE(first.at(0).woken_ago);
  q.settle(first[0], sync::completed());
  q.update("sync_needed = true");
  q.update("woken_at = now() - interval '1 minute'");
  SECTION("also when others have woken it since") {
    q.update("sync_needed = true");
    CHECK(q.claim().at(0).woken_ago.value_or(std::chrono::hours(0)) >= std::chrono::minutes(1));
  }
  SECTION("a wake-up during its run waits for the next one") {
    const auto second = q.claim();
    q.update("sync_needed = true");
    CHECK(q.column("woken_at > last_attempt_at") == "true");
    q.update("sync_needed = true");
    q.settle(second.at(0), sync::completed());
    const auto third = q.claim();
    CHECK(third.at(0).woken_ago.value_or(std::chrono::hours(1)) < std::chrono::seconds(50));
  }
  SECTION("a failed run has not served it") {
    q.settle(q.claim().at(0), failed, std::nullopt);
    q.update("sync_needed = true");
    q.update("backoff_until = NULL");
    CHECK(q.claim().at(0).woken_ago.value_or(std::chrono::hours(0)) >= std::chrono::minutes(1));
  }
  SECTION("a served wake-up is no poll's") {
    q.settle(q.claim().at(0), sync::completed());
    q.update("last_synced_at = now() - interval '1 hour'");
    CHECK_FALSE(q.claim().at(0).woken_ago);
  }
  SECTION("a discarded cursor is a wish like any other") {
    q.settle(q.claim().at(0), sync::completed());
    q.update("sync_cursor = NULL");
    CHECK(q.claim().at(0).woken_ago.value_or(std::chrono::hours(1)) < std::chrono::seconds(50));
  }
}

TEST_CASE("a snoozed run is no failure: whoever asked waits on, and nothing is counted") {
  Queue q;
  q.settle(q.claim().at(0), sync::completed());
  q.update("sync_needed = true, sync_priority = 2");
  q.update("error_count = 2, last_error = 'timeout: x', backoff_until = NULL");
  const sync::Claim claim = q.claim().at(0);
  const std::string served = q.column("served_wake_seq");
  const sync::Outcome snoozed{sync::Verdict::snooze, "rate_limited: later", std::chrono::seconds(7), 0};
  CHECK(q.settle(claim, snoozed, std::nullopt) == 1);
  CHECK(q.column("sync_needed") == "true");
  CHECK(q.column("sync_priority") == "2");
  CHECK(q.column("error_count") == "2");
  CHECK(q.column("last_error") == "timeout: x");
  CHECK(q.column("served_wake_seq") == served);
  CHECK(q.column("backoff_until > now() + interval '6 seconds' AND backoff_until <= now() + interval '7 seconds'") ==
        "true");
  CHECK(q.column("lease_until") == "NULL");
  CHECK(q.claim().empty());
  q.update("backoff_until = NULL");
  CHECK(q.claim().size() == 1);
}

TEST_CASE("the account's budget travels with the claim and goes back with the verdict") {
  Queue q;
  sync::Claim claim = q.claim().at(0);
  CHECK(claim.calls_drained == 0);
  CHECK(claim.account_links == 1);
  sync::Settlement one;
  one.sync_id = random_uuid(q.database.random());
  one.connection = claim.connection;
  one.lease_token = claim.lease_token;
  one.wake_seq = claim.wake_seq;
  one.edit_seq = claim.edit_seq;
  one.calls_drained = 41.5;
  one.started_at = q.database.clock().now();
  q.database.run(q.queue.settle({one}));
  q.update("provider_user_id = 'same', sync_needed = true, calls_at = now() - interval '10 seconds'");
  q.database.sql("UPDATE external_calendar_connections SET provider_user_id = 'same' WHERE id = '" +
                 q.database.add_connection(q.database.add_owner()) + "'");
  q.database.sql("UPDATE external_calendar_connections SET sync_enabled = false WHERE id <> '" + q.id + "'");
  claim = q.claim().at(0);
  CHECK(claim.calls_drained == 42);
  CHECK(claim.calls_age >= std::chrono::seconds(10));
  CHECK(claim.account_links == 2);
}

TEST_CASE("candidates say how urgent they are") {
  Queue q;
  const auto rank = [&] {
    const auto found = q.database.run(q.queue.candidates(q.filter, 10));
    REQUIRE_FALSE(found.empty());
    return found[0].rank;
  };
  CHECK(rank() == store::Rank::interactive);  // a new connection is a person's
  q.settle(q.claim().at(0), sync::completed());
  q.update("last_synced_at = now() - interval '1 hour'");
  CHECK(rank() == store::Rank::poll);
  q.update("sync_needed = true");
  CHECK(rank() == store::Rank::outbound);
  q.update("sync_priority = 1");
  CHECK(rank() == store::Rank::push);
  q.update("sync_priority = 0, sync_cursor = NULL");
  CHECK(rank() == store::Rank::backfill);
  q.filter.full_reads = false;
  CHECK(q.database.run(q.queue.candidates(q.filter, 10)).empty());
}
