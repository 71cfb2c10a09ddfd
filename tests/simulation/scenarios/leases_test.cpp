// SPDX-License-Identifier: Apache-2.0
// Who holds a connection when answers are lost and workers fall silent.
#include <catch2/catch.hpp>

#include "tests/simulation/scenarios/stage.hpp"

using namespace calsync;
using namespace calsync::simulation;

namespace {

/// The first time after `then` at which this worker's statement was applied.
std::optional<Duration> first_of(const Stage& stage, const WorkerProcess& worker, std::string_view statement,
                                 Duration then) {
  for (const Applied& one : stage.statements()) {
    if (one.at > then && one.origin == worker.id() && one.statement.starts_with(statement)) return one.at;
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("a claim whose answer is lost is made again within seconds", "[scenario][leases]") {
  Plan plan = Stage::quiet_plan();
  plan.lease_seconds = 300;
  Stage stage(plan);
  Member& ada = stage.add_account("ada");
  WorkerProcess& worker = stage.start_worker();
  REQUIRE(stage.out_of_step() == "");
  stage.database_faults.order_once(DatabaseFaults::Kind::ambiguous, "queue_claim");
  const Duration woken = stage.now();
  stage.wake(ada);
  REQUIRE(stage.run_until([&] { return first_of(stage, worker, "queue_claim", woken).has_value(); }, 10s));
  REQUIRE(stage.row(ada).lease_owner == worker.id());
  CHECK(stage.out_of_step(15s) == "");
  CHECK(first_of(stage, worker, "queue_disown", woken));
  // Nobody ended: it is no suspect.
  CHECK(stage.row(ada).unsettled_claims == 0);
}

TEST_CASE("a worker that was silent claims nothing before its next sign of life", "[scenario][leases]") {
  Stage stage;
  Member& ada = stage.add_account("ada");
  WorkerProcess& worker = stage.start_worker();
  REQUIRE(stage.out_of_step() == "");
  worker.process().pause(60s);
  stage.run(50s);
  stage.wake(ada);
  stage.run(9s);
  // Its first sign of life has to wait for a session, or for a database that is slow.
  stage.database_faults.order_once(DatabaseFaults::Kind::lock_timeout, "queue_heartbeat");
  const Duration asleep = stage.now();
  CHECK(stage.out_of_step() == "");
  const auto beat = first_of(stage, worker, "queue_heartbeat", asleep);
  const auto claim = first_of(stage, worker, "queue_claim", asleep);
  REQUIRE(beat);
  REQUIRE(claim);
  CHECK(beat->count() <= claim->count());
}

TEST_CASE("a worker that was silent does not go by its old list of the dead", "[scenario][leases]") {
  Stage stage;
  Member& ada = stage.add_account("ada");
  WorkerProcess& sleeper = stage.start_worker();
  REQUIRE(stage.out_of_step() == "");
  WorkerProcess& other = stage.start_worker();
  stage.run(20s);
  // The other one is taken for dead, by the sleeper's last heartbeats.
  other.process().pause(30s);
  stage.run(25s);
  sleeper.process().pause(60s);
  stage.run(20s);
  // Back among the living, it is in the middle of a run when the sleeper wakes.
  stage.run_until([&] { return first_of(stage, other, "queue_heartbeat", stage.now() - 1s).has_value(); }, 30s);
  stage.run(34s);
  stage.provider.network.order({.trouble = Trouble::stall, .url_part = "/events", .times = 1});
  stage.wake(ada);
  REQUIRE(stage.run_until([&] { return stage.row(ada).lease_owner == other.id(); }, 5s));
  stage.database_faults.order_once(DatabaseFaults::Kind::lock_timeout, "queue_heartbeat");
  REQUIRE(sleeper.process().paused());
  const std::int64_t lease = stage.row(ada).lease_token;
  stage.run_until([&] { return !stage.row(ada).lease_until; }, 40s);
  CHECK_FALSE(sleeper.process().paused());
  CHECK(stage.row(ada).lease_token == lease);
  CHECK(stage.out_of_step(2min) == "");
}

TEST_CASE("after an outage of the database nobody takes the others for dead at once", "[scenario][leases]") {
  Stage stage;
  Member& ada = stage.add_account("ada");
  WorkerProcess& one = stage.start_worker();
  WorkerProcess& two = stage.start_worker();
  REQUIRE(stage.out_of_step() == "");
  stage.run(20s);
  stage.provider.network.order({.trouble = Trouble::stall, .url_part = "/events", .times = 1});
  stage.wake(ada);
  REQUIRE(stage.run_until([&] { return stage.row(ada).lease_owner.has_value(); }, 5s));
  WorkerProcess& holder = stage.row(ada).lease_owner == one.id() ? one : two;
  const std::int64_t lease = stage.row(ada).lease_token;
  stage.database_faults.order(DatabaseFaults::Kind::refused, 1.0, 18s);
  stage.run(17s);
  // The other one is the first to be heard again.
  holder.process().pause(3s);
  REQUIRE(stage.run_until([&] { return !stage.row(ada).lease_until; }, 40s));
  CHECK(stage.row(ada).lease_token == lease);
  CHECK(stage.out_of_step(2min) == "");
}
