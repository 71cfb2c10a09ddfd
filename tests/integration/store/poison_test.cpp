// SPDX-License-Identifier: Apache-2.0
// Runs that end with their worker are counted at the next claim; runs that end with a verdict, or with a lease given
// back, are not.
#include <catch2/catch.hpp>

#include "common/store/postgres_claim_queue.hpp"
#include "tests/integration/store/database.hpp"

using namespace calsync;
using test::TestDatabase;

namespace {

struct Workers {
  TestDatabase database;
  std::string id = database.add_connection(database.add_owner());
  WorkerId first = WorkerId::trusted(random_uuid(database.random()));
  WorkerId second = WorkerId::trusted(random_uuid(database.random()));
  store::PostgresClaimQueue one{database.pool(), first, "host", "1"};
  store::PostgresClaimQueue two{database.pool(), second, "host", "1"};
  store::ClaimFilter filter{.providers = {"google"}};

  Workers() {
    database.run(one.heartbeat());
    database.run(two.heartbeat());
  }
  std::vector<sync::Claim> claim(store::PostgresClaimQueue& queue, bool as_suspect = true) {
    store::ClaimFilter mine = filter;
    if (as_suspect) mine.suspect = ConnectionId::trusted(id);
    return database.run(queue.claim({ConnectionId::trusted(id)}, mine, 300));
  }
  int count(store::PostgresClaimQueue& queue) { return claim(queue).at(0).unsettled_claims; }
  void expire() { database.sql("UPDATE external_calendar_connections SET lease_until = now() - interval '1 second'"); }
  /// The worker that holds the lease has died: it is silent, or it is listed no more.
  void dies() { database.sql("UPDATE calendar_sync_workers SET heartbeat_at = now() - interval '16 s'"); }
  std::string stored() { return database.sql("SELECT unsettled_claims FROM external_calendar_connections"); }
  void settle(const sync::Claim& claim, sync::Verdict verdict) {
    sync::Settlement settlement;
    settlement.sync_id = random_uuid(database.random());
    settlement.connection = claim.connection;
    settlement.lease_token = claim.lease_token;
    settlement.wake_seq = claim.wake_seq;
    settlement.edit_seq = claim.edit_seq;
    settlement.outcome.verdict = verdict;
    settlement.started_at = database.clock().now();
    REQUIRE(database.run(one.settle({settlement})).settled.size() == 1);
    database.sql("UPDATE external_calendar_connections SET sync_needed = true, backoff_until = NULL");
  }
};

}  // namespace

TEST_CASE("a lease whose worker has died counts at the next claim") {
  Workers w;
  CHECK(w.count(w.one) == 0);
  SECTION("as it is silent and the lease has ended") {
    w.expire();
    w.dies();
  }
  SECTION("as it is among the dead, although the lease goes on") { w.filter.dead_workers = {w.first.str()}; }
  SECTION("as it is listed no more") {
    w.expire();
    w.database.sql("DELETE FROM calendar_sync_workers");
  }
  CHECK(w.count(w.two) == 1);
  CHECK(w.stored() == "1");
}

TEST_CASE("a lease that ended while its worker lives does not count") {
  Workers w;
  w.claim(w.one);
  w.expire();
  SECTION("for another") { CHECK(w.count(w.two) == 0); }
  SECTION("for itself, which was away from the database and has not said yet that it is back") {
    w.dies();
    CHECK(w.count(w.one) == 0);
  }
  SECTION("nor does it forgive") {
    w.database.sql("UPDATE external_calendar_connections SET unsettled_claims = 3");
    CHECK(w.count(w.two) == 3);
  }
}

TEST_CASE("any proper end of a run forgives the earlier ones") {
  Workers w;
  for (int end = 0; end < 4; ++end) {
    CHECK(w.count(w.one) == end);
    w.expire();
    w.database.sql("UPDATE external_calendar_connections SET lease_owner = gen_random_uuid()");
  }
  const sync::Claim last = w.claim(w.one).at(0);
  REQUIRE(last.unsettled_claims == 4);
  SECTION("success") { w.settle(last, sync::Verdict::complete); }
  SECTION("failure") { w.settle(last, sync::Verdict::retry); }
  SECTION("suspension: whoever clears it gives a fresh set of attempts") { w.settle(last, sync::Verdict::suspend); }
  SECTION("a lease given back") { w.database.run(w.one.release({{last.connection, last.lease_token, {}}})); }
  CHECK(w.stored() == "0");
  CHECK(w.count(w.two) == 0);
}

TEST_CASE("a verdict of the previous version, which knows no count, forgives too") {
  Workers w;
  w.claim(w.one);
  w.database.sql(
      "UPDATE external_calendar_connections SET unsettled_claims = 4, lease_until = NULL, lease_owner = NULL");
  CHECK(w.count(w.two) == 0);
}

TEST_CASE("candidates say how many ends they have behind them, and suspects are claimed by name only") {
  Workers w;
  const auto found = [&] { return w.database.run(w.two.candidates(w.filter, 10)); };
  CHECK(found().at(0).unsettled == 0);
  w.claim(w.one);
  w.filter.dead_workers = {w.first.str()};
  CHECK(found().at(0).unsettled == 1);
  CHECK_FALSE(found().at(0).suspect());
  CHECK(w.claim(w.one, false).at(0).unsettled_claims == 1);
  for (const bool polling : {true, false}) {
    w.filter.polling = polling;
    CHECK(found().at(0).suspect());
  }
  w.filter.owners = {w.database.sql("SELECT provider_id FROM external_calendar_connections")};
  CHECK(found().at(0).suspect());
  w.filter.owners.reset();
  w.filter.connections = {w.id};
  CHECK(found().at(0).suspect());
  CHECK(w.claim(w.two, false).empty());
  CHECK(w.claim(w.two).at(0).unsettled_claims == 2);
}
