// SPDX-License-Identifier: Apache-2.0
// Days and hours that a zone decides about.
#include <catch2/catch.hpp>

#include "tests/simulation/scenarios/stage.hpp"
#include "tests/simulation/world/mirrored_row.hpp"

using namespace calsync;
using namespace calsync::simulation;

namespace {

constexpr const char* team = "team@group.calendar.sim";
constexpr const char* moves = R"({"email":"ada@provider.sim","calendar_id":"team@group.calendar.sim",)"
                              R"("timeZone":"America/New_York","report":true})";

/// An account with a day and an hour in a calendar of Berlin, in step.
Member& settled_account(Stage& stage) {
  Member& ada = stage.add_account("ada", {{team, "Team", "Europe/Berlin", "writer"}});
  stage.put_event(ada, team, R"({"id":"day001","start":{"date":"2026-03-02"},"end":{"date":"2026-03-03"}})");
  stage.put_event(ada, team,
                  R"({"id":"hour001","start":{"dateTime":"2026-03-02T09:00:00+01:00"},)"
                  R"("end":{"dateTime":"2026-03-02T10:00:00+01:00"}})");
  stage.start_worker();
  REQUIRE(stage.out_of_step() == "");
  REQUIRE(canonical_row(*stage.event(ada, team, "day001")).start_time == "2026-03-01T23:00:00Z");
  return ada;
}

}  // namespace

TEST_CASE("days begin anew where a calendar changes its zone", "[scenario][zones]") {
  Stage stage;
  Member& ada = settled_account(stage);
  stage.order("PATCH", "/control/calendars", moves);
  stage.wake(ada);
  REQUIRE(stage.run_ended(ada));
  const CanonicalRow day = canonical_row(*stage.event(ada, team, "day001"));
  CHECK(day.start_time == "2026-03-02T05:00:00Z");
  CHECK(day.end_time == "2026-03-03T05:00:00Z");
  CHECK(canonical_row(*stage.event(ada, team, "hour001")).start_time == "2026-03-02T08:00:00Z");
  CHECK(stage.calendar(ada, team).time_zone == "America/New_York");
  CHECK(stage.out_of_step() == "");
}

TEST_CASE("a new zone is not forgotten when the calendar cannot be read at once", "[scenario][zones]") {
  Stage stage;
  Member& ada = settled_account(stage);
  stage.order("PATCH", "/control/calendars", moves);
  stage.order("POST", "/control/faults", R"({"match":{"operation":"events.list"},"kind":"unavailable","times":2})");
  stage.wake(ada);
  REQUIRE(stage.run_ended(ada));
  REQUIRE(stage.row(ada).error_count == 1);
  CHECK(stage.out_of_step(2min) == "");
  CHECK(canonical_row(*stage.event(ada, team, "day001")).start_time == "2026-03-02T05:00:00Z");
}

TEST_CASE("an event that begins in the hour a clock change leaves out keeps its length", "[scenario][zones]") {
  Plan plan = Stage::quiet_plan();
  plan.start = std::chrono::sys_days(std::chrono::year(2026) / 3 / 28);
  Stage stage(plan);
  Member& feed = stage.add_feed("night");
  const std::int64_t midnight =
      std::chrono::sys_seconds(std::chrono::sys_days(std::chrono::year(2026) / 3 / 29)).time_since_epoch().count();
  FeedEvent event;
  event.uid = "gap@feeds.example.com";
  event.start = {false, midnight + 2 * 3600 + 30 * 60, "Europe/Berlin"};  // becomes 03:30
  event.end = {false, midnight + 3 * 3600 + 10 * 60, "Europe/Berlin"};
  feed.feed->add(event);
  stage.start_worker();
  CHECK(stage.out_of_step() == "");
  const auto& events = stage.database.tables().events.rows();
  const auto found = std::ranges::find_if(
      events, [](const auto& one) { return one.second->key.external_event_id == "gap@feeds.example.com"; });
  REQUIRE(found != events.end());
  const CanonicalRow row = canonical_row(*found->second);
  CHECK(row.sync_status == "SYNCED");
  CHECK(row.start_time == "2026-03-29T01:30:00Z");
  CHECK(row.end_time == "2026-03-29T02:10:00Z");
}
