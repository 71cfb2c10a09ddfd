// SPDX-License-Identifier: Apache-2.0
// Flags that come back while the database is away.
#include <catch2/catch.hpp>

#include "tests/simulation/scenarios/stage.hpp"

using namespace calsync;
using namespace calsync::simulation;

namespace {

constexpr const char* sync_flag = "CALENDAR_SYNC_ENABLED";
constexpr const char* webhook_flag = "CALENDAR_WEBHOOK_ENABLED";

int saved_since(const Stage& stage, Duration then, std::string_view origin) {
  return static_cast<int>(std::ranges::count_if(stage.statements(), [&](const Applied& one) {
    return one.at > then && one.statement == "gate_save" && one.origin == origin;
  }));
}

}  // namespace

TEST_CASE("a switch that comes back while the database is away marks connections due later", "[scenario][switches]") {
  Stage stage;
  Member& ada = stage.add_account("ada");
  stage.start_worker();
  REQUIRE(stage.out_of_step() == "");
  stage.set_environment(sync_flag, "false");
  stage.run(5s);
  const std::int64_t wakes = stage.row(ada).wake_seq;
  stage.put_event(ada, "primary", R"({"id":"missed01","start":{"date":"2026-03-02"},"end":{"date":"2026-03-03"}})");
  stage.database_faults.order(DatabaseFaults::Kind::refused, 1.0, 20s);
  stage.set_environment(sync_flag, "true");
  stage.run(19s);
  REQUIRE(stage.row(ada).wake_seq == wakes);
  REQUIRE_FALSE(stage.event(ada, "ada@provider.sim", "missed01"));
  // Much sooner than by the next poll.
  REQUIRE(stage.run_until([&] { return stage.row(ada).wake_seq > wakes; }, 10s));
  CHECK(stage.out_of_step(30s) == "");
  CHECK(stage.event(ada, "ada@provider.sim", "missed01"));
}

TEST_CASE("a switch that went off and came back while the database was away", "[scenario][switches]") {
  Stage stage;
  Member& ada = stage.add_account("ada");
  stage.start_worker();
  stage.start_api();
  REQUIRE(stage.out_of_step() == "");
  const std::int64_t wakes = stage.row(ada).wake_seq;
  // Nobody could write down that it was off, and what it refused is missed all the same.
  stage.database_faults.order(DatabaseFaults::Kind::refused, 1.0, 20s);
  stage.set_environment(GENERATE(as<std::string>(), sync_flag, webhook_flag), "false");
  stage.run(5s);
  stage.set_environment(sync_flag, "true");
  stage.set_environment(webhook_flag, "true");
  CHECK(stage.run_until([&] { return stage.row(ada).wake_seq > wakes; }, 30s));
  CHECK(stage.out_of_step(30s) == "");
}

TEST_CASE("a newer reload takes over from one that waits for the database", "[scenario][switches]") {
  Stage stage;
  Member& ada = stage.add_account("ada");
  WorkerProcess& worker = stage.start_worker();
  stage.start_api();
  REQUIRE(stage.out_of_step() == "");
  const bool of_worker = GENERATE(true, false);
  CAPTURE(of_worker);
  const std::string flag = of_worker ? sync_flag : webhook_flag;
  const std::string origin = of_worker ? worker.id() : "api";
  stage.set_environment(flag, "false");
  stage.run(5s);
  const std::int64_t wakes = stage.row(ada).wake_seq;
  stage.database_faults.order(DatabaseFaults::Kind::refused, 1.0, 20s);
  const Duration away = stage.now();
  stage.set_environment(flag, "true");
  stage.run(3s);
  stage.set_environment(flag, "false");
  stage.run(40s);
  // The release was taken back before anybody could be told.
  CHECK(saved_since(stage, away, origin) == 1);
  CHECK(stage.row(ada).wake_seq == wakes);
  stage.set_environment(flag, "true");
  stage.run(5s);
  CHECK(stage.row(ada).wake_seq > wakes);
  CHECK(stage.out_of_step(30s) == "");
}

TEST_CASE("no call begins after the switch went off while it waited for its lease", "[scenario][switches]") {
  Plan plan = Stage::quiet_plan();
  plan.lease_seconds = 30;
  plan.access_token_seconds = 100;  // each run asks for one
  Stage stage(plan);
  Member& ada = stage.add_account("ada");
  stage.start_worker();
  REQUIRE(stage.out_of_step() == "");
  // Half of the lease is over when the list of calendars is there.
  for (const char* operation : {"token", "calendarList.list"})
    stage.order(
        "POST", "/control/faults",
        R"({"kind":"slow","delay_ms":8000,"times":1,"match":{"operation":")" + std::string(operation) + R"("}})");
  stage.database_faults.order_once(DatabaseFaults::Kind::pool_empty, "queue_extend");
  stage.run(1s);
  stage.wake(ada);
  REQUIRE(stage.run_until([&] { return stage.calls().back().operation == "list_calendars"; }, 15s));
  REQUIRE(stage.run_until([&] { return stage.calls().back().ended.has_value(); }, 15s));
  REQUIRE(stage.calls().back().operation == "list_calendars");
  stage.set_environment(sync_flag, "false");
  stage.run(20s);
  CHECK(stage.calls().back().operation == "list_calendars");
  CHECK_FALSE(stage.row(ada).lease_until);
}
