// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "common/store/postgres_rate_table.hpp"
#include "tests/integration/store/database.hpp"

using namespace calsync;
using namespace std::chrono_literals;
using test::TestDatabase;

namespace {

const store::BucketName project{"project", "google/client"};
const sync::BucketShape shape{2, 10};

struct Rates {
  TestDatabase database;
  store::PostgresRateTable table{database.pool()};

  store::BucketGrant take(double want) { return database.run(table.take({{project, shape, want}})).at(0); }
  void rewind(const std::string& by) {
    database.sql("UPDATE calendar_rate_buckets SET updated_at = updated_at - interval '" + by + "'");
  }
  std::string seat(int holder) { return "00000000-0000-4000-8000-00000000000" + std::to_string(holder); }
  bool enter(int holder, int places = 2) {
    return database.run(table.enter({{"full_reads", "google"}, seat(holder), places, 300}));
  }
};

}  // namespace

TEST_CASE("a bucket gives what it has, whole tokens, and says when there is more") {
  Rates rates;
  CHECK(rates.take(4).granted == 4);
  CHECK(rates.take(4).granted == 4);
  const auto last = rates.take(4);
  CHECK(last.granted == 2);
  const auto empty = rates.take(4);
  CHECK(empty.granted == 0);
  CHECK(empty.wait > 100ms);
  CHECK(empty.wait <= 500ms);
  rates.rewind("2 seconds");
  CHECK(rates.take(100).granted == 4);
  rates.rewind("1 hour");
  CHECK(rates.take(100).granted == 10);
}

TEST_CASE("several buckets are asked in one statement, each for itself") {
  Rates rates;
  const store::BucketName host{"host", "ics/feeds.example"};
  const auto grants = rates.database.run(rates.table.take({{project, shape, 3}, {host, {1, 2}, 5}}));
  REQUIRE(grants.size() == 2);
  for (const auto& one : grants) CHECK(one.granted == (one.name == host ? 2 : 3));
}

TEST_CASE("a blocked bucket gives nothing to anybody until its time, and then begins empty") {
  Rates rates;
  rates.take(1);
  rates.database.run(rates.table.block(project, shape, 90s));
  rates.database.run(rates.table.block(project, shape, 5s));
  const auto refused = rates.take(4);
  CHECK(refused.granted == 0);
  CHECK(refused.wait > 80s);
  CHECK(refused.wait <= 90s);
  rates.database.sql("UPDATE calendar_rate_buckets SET blocked_until = now() - interval '1 second'");
  CHECK(rates.take(10).granted < 5);
}

TEST_CASE("a bucket nobody has asked can be blocked") {
  Rates rates;
  rates.database.run(rates.table.block(project, {}, 30s));
  CHECK(rates.take(1).granted == 0);
}

TEST_CASE("a room takes as many as it has places, and nobody twice") {
  Rates rates;
  CHECK(rates.enter(1));
  CHECK(rates.enter(1));
  CHECK(rates.enter(2));
  CHECK_FALSE(rates.enter(3));
  rates.database.run(rates.table.leave({{"full_reads", "google"}, rates.seat(1), 2, 0}));
  CHECK(rates.enter(3));
  CHECK_FALSE(rates.enter(1));
  rates.database.sql("UPDATE calendar_rate_slots SET until = now() - interval '1 second'");
  CHECK(rates.enter(1));
}

namespace {

struct Circuits {
  TestDatabase database;
  store::PostgresCircuitTable table{database.pool()};
  sync::CircuitLimits limits{};

  sync::Circuit only() {
    const auto all = database.run(table.circuits());
    REQUIRE(all.size() == 1);
    return all[0];
  }
  bool save(const sync::Circuit& circuit) { return database.run(table.save(circuit)); }
  sync::Circuit first() {
    sync::Circuit circuit;
    circuit.provider = "google";
    circuit.host = "api.example";
    circuit.steady = 33.25;
    circuit.connections = 10000;
    return sync::opened(circuit, "it answers 503", limits, 0.5);
  }
};

}  // namespace

TEST_CASE("the first worker to say so opens a circuit") {
  Circuits circuits;
  CHECK(circuits.save(circuits.first()));
  CHECK_FALSE(circuits.save(circuits.first()));
  const sync::Circuit shared = circuits.only();
  CHECK(shared.state == sync::CircuitState::open);
  CHECK(shared.reason == "it answers 503");
  CHECK(shared.steady == Approx(33.25));
  CHECK(shared.connections == 10000);
  CHECK(shared.probe_in > 4s);
  CHECK(shared.probe_in <= 5s);
  CHECK(shared.version == 1);
}

TEST_CASE("one worker probes at a time, and a circuit that was closed opens anew") {
  Circuits circuits;
  circuits.save(circuits.first());
  const sync::Circuit seen = circuits.only();
  CHECK(circuits.save(sync::probe_begun(seen, circuits.limits)));
  CHECK_FALSE(circuits.save(sync::probe_begun(seen, circuits.limits)));
  circuits.database.sql("UPDATE calendar_provider_circuits SET opened_at = now() - interval '30 minutes'");
  sync::Circuit now = circuits.only();
  CHECK(now.probe_in > 40s);
  for (int i = 0; i < 3; ++i) now = sync::probe_ended(now, true, circuits.limits, 0.5);
  CHECK(circuits.save(now));
  now = circuits.only();
  CHECK(now.state == sync::CircuitState::ramping);
  CHECK(now.age < 5s);
  CHECK(now.away_for >= 30min);
  CHECK(circuits.save(sync::closed(now)));
  CHECK(circuits.save(circuits.first()));
  CHECK(circuits.only().away_for < 5s);
}

TEST_CASE("the steady rate is what enabled connections ask for") {
  Circuits circuits;
  const std::string owner = circuits.database.add_owner();
  for (int i = 0; i < 3; ++i) circuits.database.add_connection(owner);
  circuits.database.add_connection(owner, "ics");
  circuits.database.sql(
      "UPDATE external_calendar_connections SET sync_enabled = false WHERE id = (SELECT id FROM "
      "external_calendar_connections WHERE provider = 'google' LIMIT 1)");
  const store::Steady steady = circuits.database.run(circuits.table.steady("google"));
  CHECK(steady.connections == 2);
  CHECK(steady.per_second == Approx(2 / 300.0).epsilon(0.01));
}
