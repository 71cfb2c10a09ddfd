// SPDX-License-Identifier: Apache-2.0
// A worker that is told to end.
#include <catch2/catch.hpp>

#include "tests/simulation/scenarios/stage.hpp"

using namespace calsync;
using namespace calsync::simulation;

TEST_CASE("a worker that is told to end settles its run, and ends", "[scenario][drain]") {
  const bool refused = GENERATE(false, true);
  CAPTURE(refused);
  Stage stage;
  Member& ada = stage.add_account("ada");
  WorkerProcess& worker = stage.start_worker();
  REQUIRE(stage.out_of_step() == "");
  const std::int64_t lease = stage.row(ada).lease_token;
  if (refused) stage.database_faults.order_once(DatabaseFaults::Kind::serialization, "queue_settle");
  stage.at_call("list_events", [&] { worker.stop(); });
  stage.wake(ada);
  REQUIRE(stage.run_until([&] { return worker.ended(); }, 30s));
  CHECK(stage.row(ada).lease_token == lease + 1);
  CHECK_FALSE(stage.row(ada).lease_until);
  CHECK_FALSE(stage.row(ada).sync_needed);
  CHECK(stage.database.tables().workers.rows().empty());
}

TEST_CASE("a worker that drains is heard of while its last run goes on", "[scenario][drain]") {
  Stage stage;
  Member& ada = stage.add_account("ada");
  WorkerProcess& worker = stage.start_worker();
  REQUIRE(stage.out_of_step() == "");
  stage.run(20s);
  const std::int64_t lease = stage.row(ada).lease_token;
  stage.provider.network.order({.trouble = Trouble::stall, .url_part = "/events", .times = 1});
  stage.wake(ada);
  REQUIRE(stage.run_until([&] { return stage.row(ada).lease_owner.has_value(); }, 10s));
  stage.start_worker();
  worker.stop();
  // For longer than others wait for a sign of life. Nobody takes the run away meanwhile.
  REQUIRE(stage.run_until([&] { return stage.row(ada).lease_token > lease + 1; }, 60s));
  const auto under_way = [&](const MadeCall& one) { return one.process == "worker0" && !one.ended; };
  CHECK(std::ranges::none_of(stage.calls(), under_way));
  CHECK(stage.out_of_step() == "");
}

TEST_CASE("a run that does not end in the drain time is stopped", "[scenario][drain]") {
  Stage stage;
  Member& ada = stage.add_account("ada", {{"a@group.calendar.sim", "A"}, {"b@group.calendar.sim", "B"}});
  WorkerProcess& worker = stage.start_worker();
  REQUIRE(stage.out_of_step() == "");
  // Slow, and not so slow that the call fails.
  stage.provider.network.order({.trouble = Trouble::drip, .url_part = "/events", .times = 1, .slowness = 20s});
  stage.wake(ada);
  REQUIRE(stage.run_until([&] { return stage.row(ada).lease_owner.has_value(); }, 10s));
  const Duration told = stage.now();
  worker.stop();
  REQUIRE(stage.run_until([&] { return worker.ended(); }, 50s));
  CHECK(stage.now() - told > Duration(15s));
  CHECK(stage.calls_since(told + 11s) == 0);
  CHECK_FALSE(stage.row(ada).lease_until);
}
