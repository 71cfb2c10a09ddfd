// SPDX-License-Identifier: Apache-2.0
// What the fleet's gauges make of the rows of connections.
#include <catch2/catch.hpp>

#include "common/store/metrics_store.hpp"
#include "common/sync/state.hpp"
#include "tests/integration/store/database.hpp"

using namespace calsync;
using test::TestDatabase;

namespace {

struct Fleet {
  TestDatabase database;
  std::string owner = database.add_owner();
  store::FleetView view = of({"google", "ics"});

  static store::FleetView of(std::vector<std::string> providers) {
    store::FleetView view;
    view.providers = std::move(providers);
    return view;
  }
  std::string add(const std::string& assignments, const std::string& provider = "google") {
    const std::string id = database.add_connection(owner, provider);
    if (!assignments.empty())
      database.sql("UPDATE external_calendar_connections SET " + assignments + " WHERE id = '" + id + "'");
    return id;
  }
  FleetFigures read() { return database.run(store::read_fleet_figures(database.pool(), view)); }
  std::int64_t stale(const char* by, const char* provider = "google") { return read().stale[{provider, by}]; }
};

const std::string in_step = "last_synced_at = now(), sync_needed = false";
const std::string late = "last_synced_at = now() - interval '12 minutes', sync_needed = false";

using Ago = std::optional<std::chrono::minutes>;

/// The same case for the pure rules and as a row.
struct Case {
  std::string error;
  Ago backoff;  ///< from now
  Ago synced;   ///< before now
  int refusals = 0;

  sync::ConnectionFacts facts(Time now) const {
    sync::ConnectionFacts facts;
    facts.created_at = now;
    if (synced) facts.last_synced_at = now - *synced;
    if (backoff) facts.backoff_until = now + *backoff;
    facts.error_count = error.empty() ? 0 : 1;
    facts.grant_refusals = refusals;
    facts.last_error = error;
    return facts;
  }
  std::string assignments() const {
    const auto time = [](const Ago& ago, const char* sign) {
      return ago ? std::string("now() ") + sign + " interval '" + std::to_string(ago->count()) + " minutes'" : "NULL";
    };
    return "last_synced_at = " + time(synced, "-") + ", backoff_until = " + time(backoff, "+") +
           ", grant_refusals = " + std::to_string(refusals) + ", last_error = nullif('" + error +
           "', ''), error_count = " + (error.empty() ? "0" : "1");
  }
};

std::vector<Case> every_case() {
  std::vector<Case> cases;
  for (const char* error : {"", "invalid_token: x", "insufficient_scope: x", "configuration_error: x",
                            "rate_limited: x", "quota_exceeded: x", "provider_unavailable: x", "network_error: x",
                            "timeout: x", "internal_error: x", "malformed_response: x"}) {
    for (const Ago& backoff : {Ago(), Ago(60), Ago(40 * 24 * 60)}) {
      for (const Ago& synced : {Ago(), Ago(0), Ago(60)}) {
        for (const int refusals : {0, 2}) cases.push_back({error, backoff, synced, refusals});
      }
    }
  }
  return cases;
}

}  // namespace

TEST_CASE("the states that are counted are those that the rules derive") {
  Fleet fleet;
  fleet.add("");
  for (const Case& one : every_case()) {
    INFO(one.assignments());
    fleet.database.sql("UPDATE external_calendar_connections SET " + one.assignments());
    const Time now = fleet.database.clock().now();
    const auto state = sync::derive_state(one.facts(now), now);
    CHECK(fleet.read().connections == FleetFigures::ByTwo{{{"google", std::string(sync::state_name(state))}, 1}});
  }
}

TEST_CASE("what is switched off, unconfirmed, unlisted or waits for a person is not expected to be in step") {
  Fleet fleet;
  const std::string id = fleet.add(late);
  CHECK(fleet.read().expected["google"] == 1);
  CHECK(fleet.stale("operator") == 1);
  fleet.view.owners.emplace();
  CHECK(fleet.read().expected["google"] == 0);
  CHECK(fleet.stale("operator") == 0);
  fleet.view.owners.reset();
  fleet.view.connections.emplace({id});
  CHECK(fleet.read().expected["google"] == 1);
  fleet.view.connections.reset();
  fleet.view.polling = false;
  CHECK(fleet.read().expected["google"] == 0);
  fleet.view.polling = true;
  for (const char* change : {"sync_enabled = false", "awaiting_confirmation = true",
                             "last_error = 'invalid_token: x', error_count = 2, grant_refusals = 2",
                             "backoff_until = now() + interval '60 days'"}) {
    INFO(change);
    fleet.database.sql("DELETE FROM external_calendar_connections");
    fleet.add(late + ", " + change);
    CHECK(fleet.read().expected["google"] == 0);
    CHECK(fleet.stale("operator") + fleet.stale("provider") == 0);
  }
}

TEST_CASE("what is late is shown by who can mend it") {
  Fleet fleet;
  fleet.add(in_step);
  fleet.add(late, "ics");
  CHECK(fleet.stale("operator") == 0);
  CHECK(fleet.stale("operator", "ics") == 1);
  fleet.add(late + ", last_error = 'provider_unavailable: 503', error_count = 1");
  fleet.add(late + ", last_error = 'configuration_error: x', error_count = 1");
  CHECK(fleet.stale("provider") == 1);
  CHECK(fleet.stale("operator") == 1);
  // Nobody tries while the provider is away, so the rows themselves say nothing.
  fleet.database.sql("INSERT INTO calendar_provider_circuits (provider, host, state) VALUES ('google', 'h', 'open')");
  CHECK(fleet.stale("provider") == 2);
  CHECK(fleet.stale("operator") == 0);
  fleet.database.sql("UPDATE calendar_provider_circuits SET state = 'closed'");
  CHECK(fleet.stale("operator") == 1);
}

TEST_CASE("the oldest due connection is one that a worker could have claimed") {
  Fleet fleet;
  fleet.add(late);
  const auto oldest = [&] { return fleet.read().oldest_due_seconds["google"]; };
  CHECK(oldest() >= 7 * 60);
  fleet.view.polling = false;
  CHECK(oldest() == 0);
  fleet.database.sql("UPDATE external_calendar_connections SET sync_needed = true");
  CHECK(oldest() >= 7 * 60);
  fleet.view.syncing = false;
  CHECK(oldest() == 0);
  fleet.view.syncing = true;
  fleet.database.sql("UPDATE external_calendar_connections SET lease_until = now() + interval '1 minute'");
  CHECK(oldest() == 0);
}

TEST_CASE("a provider that this process does not know makes no series of its own") {
  Fleet fleet;
  fleet.add(late, "made-up");
  const FleetFigures figures = fleet.read();
  CHECK(figures.connections == FleetFigures::ByTwo{{{"other", "delayed"}, 1}});
  CHECK(figures.expected == FleetFigures::ByLabel{{"google", 0}, {"ics", 0}, {"other", 1}});
}

TEST_CASE("grants, keys, workers and channels") {
  Fleet fleet;
  fleet.view.first_key = "k2";
  fleet.view.other_keys = "k1, k0";
  const std::string id = fleet.add(in_step + ", token_expiry = now() - interval '10 minutes'");
  CHECK(fleet.read().grants_overdue["google"] == 0);
  fleet.database.sql("UPDATE external_calendar_connections SET token_expiry = now() - interval '12 minutes'");
  CHECK(fleet.read().grants_overdue["google"] == 1);
  CHECK(fleet.read().sealed == FleetFigures::ByLabel{{"first", 0}, {"missing", 0}, {"other", 0}});
  fleet.database.sql(
      "INSERT INTO external_calendar_credentials (connection_id, kind, sealed, key_id) SELECT '" + id +
      "', kind, '', key FROM (VALUES ('access_token', 'k2'), ('refresh_token', 'k0'), ('password', 'k9'), "
      "('feed_url', 'k8')) AS v (kind, key)");
  CHECK(fleet.read().sealed == FleetFigures::ByLabel{{"first", 1}, {"missing", 2}, {"other", 1}});
  fleet.database.sql(
      "INSERT INTO calendar_sync_workers (id, host, version, started_at, heartbeat_at) VALUES (gen_random_uuid(), 'h', "
      "'1', now(), now()), (gen_random_uuid(), 'h', '1', now(), now() - interval '20 seconds')");
  CHECK(fleet.read().workers_alive == 1);
  fleet.database.sql(
      "INSERT INTO calendar_push_channels (id, connection_id, external_calendar_id, secret_hash, state, expires_at) "
      "VALUES ('a', '" +
      id + "', 'c', '', 'live', now() + interval '1 hour'), ('b', '" + id +
      "', 'c', '', 'live', now() - interval '1 second')");
  CHECK(fleet.read().push_channels == FleetFigures::ByLabel{{"expired", 1}, {"live", 1}});
}
