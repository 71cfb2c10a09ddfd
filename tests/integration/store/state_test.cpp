// SPDX-License-Identifier: Apache-2.0
// Changes of state are written by the statement that settles the run that found them.
#include <catch2/catch.hpp>

#include "common/store/postgres_claim_queue.hpp"
#include "tests/integration/store/database.hpp"

using namespace calsync;
using test::TestDatabase;

namespace {

struct Runs {
  TestDatabase database;
  std::string id = database.add_connection(database.add_owner());
  store::PostgresClaimQueue queue{database.pool(), WorkerId::trusted(random_uuid(database.random())), "host", "1"};

  sync::Claim claim() {
    database.sql("UPDATE external_calendar_connections SET sync_needed = true, backoff_until = NULL");
    return database.run(queue.claim({ConnectionId::trusted(id)}, {.providers = {"google"}}, 300)).at(0);
  }
  void settle(const sync::Claim& claim, const std::string& state, const std::string& reason = "") {
    sync::Settlement one;
    one.sync_id = random_uuid(database.random());
    one.connection = claim.connection;
    one.lease_token = claim.lease_token;
    one.wake_seq = claim.wake_seq;
    one.edit_seq = claim.edit_seq;
    one.outcome.verdict = reason.empty() ? sync::Verdict::complete : sync::Verdict::retry;
    one.outcome.last_error = reason;
    one.state = {state, reason};
    one.started_at = database.clock().now();
    REQUIRE(database.run(queue.settle({one})).settled.size() == 1);
  }
  void run(const std::string& state, const std::string& reason = "") { settle(claim(), state, reason); }
  std::string changes() {
    return database.sql(
        "SELECT string_agg(from_state || '>' || to_state || ' ' || coalesce(reason, '-'), ', ' ORDER BY id)"
        " FROM calendar_connection_states");
  }
  bool holds(const std::string& condition) {
    return database.sql("SELECT " + condition + " FROM external_calendar_connections") == "t";
  }
};

}  // namespace

TEST_CASE("a change of state leaves a row, and a state that stays leaves none") {
  Runs runs;
  runs.run("active");
  CHECK(runs.changes().empty());
  CHECK(runs.holds("state_since IS NULL AND recovered_at IS NULL"));
  for (int count = 0; count < 3; ++count) runs.run("provider_down", "provider_unavailable: 503");
  CHECK(runs.holds("state_since IS NOT NULL AND recovered_at IS NULL"));
  CHECK(runs.claim().state == "provider_down");
  runs.database.sql("UPDATE external_calendar_connections SET lease_until = NULL");
  for (int count = 0; count < 3; ++count) runs.run("active");
  CHECK(runs.changes() == "active>provider_down provider_unavailable: 503, provider_down>active -");
  CHECK(runs.holds("recovered_at = state_since"));
  CHECK(runs.database.sql("SELECT count(*) FROM calendar_connection_states s JOIN external_calendar_connections c"
                          " ON c.id = s.connection_id AND c.provider_id = s.provider_id") == "2");
}

TEST_CASE("a run whose row was edited meanwhile says nothing about its state") {
  Runs runs;
  const sync::Claim claim = runs.claim();
  runs.database.sql("UPDATE external_calendar_connections SET backoff_until = NULL");
  runs.settle(claim, "needs_reauth", "invalid_token: gone");
  CHECK(runs.changes().empty());
  CHECK(runs.holds("sync_state = 'active' AND state_since IS NULL"));
}

TEST_CASE("each change is told in its turn") {
  Runs runs;
  runs.run("throttled", "rate_limited: slow down");
  runs.run("delayed", "internal_error: odd");
  runs.run("active");
  CHECK(runs.changes() ==
        "active>throttled rate_limited: slow down, throttled>delayed internal_error: odd, delayed>active -");
}
