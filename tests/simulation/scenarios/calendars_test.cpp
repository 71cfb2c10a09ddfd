// SPDX-License-Identifier: Apache-2.0
// Calendars and series that go, come back, or cannot be read.
#include <catch2/catch.hpp>

#include "tests/simulation/scenarios/stage.hpp"
#include "tests/simulation/world/mirrored_row.hpp"

using namespace calsync;
using namespace calsync::simulation;

namespace {

constexpr const char* own = "ada@provider.sim";
constexpr const char* team = "team@group.calendar.sim";
constexpr const char* hour = R"("start":{"dateTime":"2026-03-02T09:00:00+01:00","timeZone":"Europe/Berlin"},)"
                             R"("end":{"dateTime":"2026-03-02T10:00:00+01:00","timeZone":"Europe/Berlin"})";
constexpr const char* unshared = R"({"email":"ada@provider.sim","calendar_id":"team@group.calendar.sim"})";
constexpr const char* moved_occurrence =
    R"({"email":"ada@provider.sim","calendar_id":"primary","event_id":"series001","original_start":"20260309T080000Z",)"
    R"("event":{"status":"confirmed","start":{"dateTime":"2026-03-10T14:00:00+01:00"},)"
    R"("end":{"dateTime":"2026-03-10T15:00:00+01:00"}}})";

constexpr const char* renamed_series =
    R"({"email":"ada@provider.sim","calendar_id":"primary","event_id":"series001","event":{"summary":"Weekly"}})";

std::string single(const std::string& id) { return R"({"id":")" + id + R"(",)" + hour + "}"; }
std::string series() {
  return std::string(R"({"id":"series001",)") + hour + R"(,"recurrence":["RRULE:FREQ=WEEKLY;COUNT=8"]})";
}

Member& settled_account(Stage& stage) {
  Member& ada = stage.add_account("ada", {{team, "Team", "Europe/Berlin", "writer"}});
  stage.put_event(ada, "primary", single("mine01"));
  stage.put_event(ada, team, single("ours01"));
  stage.start_worker();
  REQUIRE(stage.out_of_step() == "");
  return ada;
}

}  // namespace

TEST_CASE("a calendar that is deselected after its position was lost loses its rows", "[scenario][calendars]") {
  Stage stage;
  Member& ada = settled_account(stage);
  REQUIRE(stage.event(ada, team, "ours01"));
  // By hand, as the runbook tells operators to have everything read again.
  stage.people.update_connections([](const ConnectionRow&) { return true; }, {.sync_cursor = Text{}});
  stage.requests.select_calendars(ada.connection, {own});
  REQUIRE(stage.run_ended(ada));
  CHECK(stage.event(ada, own, "mine01"));
  CHECK_FALSE(stage.event(ada, team, "ours01"));
  CHECK(stage.out_of_step() == "");

  stage.requests.select_calendars(ada.connection, {own, team});
  REQUIRE(stage.run_ended(ada));
  CHECK(stage.event(ada, team, "ours01"));
}

TEST_CASE("a calendar that comes back is read in full", "[scenario][calendars]") {
  Stage stage;
  Member& ada = settled_account(stage);
  stage.order("DELETE", "/control/calendars", unshared);
  // An operator's edit wins: its rows go, and the run stores no position.
  stage.at_call("list_events", [&] {
    stage.people.update_connections([](const ConnectionRow&) { return true; }, {.error_count = 0});
  });
  stage.wake(ada);
  REQUIRE(stage.run_ended(ada));
  REQUIRE_FALSE(stage.event(ada, team, "ours01"));
  stage.order("POST", "/control/calendars",
              R"({"email":"ada@provider.sim","id":"team@group.calendar.sim","accessRole":"writer"})");
  stage.wake(ada);
  REQUIRE(stage.run_ended(ada));
  CHECK(stage.event(ada, team, "ours01"));
  CHECK(stage.out_of_step() == "");
}

TEST_CASE("an account of which nothing was read is not in step because a calendar vanished", "[scenario][calendars]") {
  Stage stage;
  Member& ada = settled_account(stage);
  const Moment before = stage.row(ada).last_synced_at;
  stage.order("POST", "/control/faults",
              R"({"match":{"operation":"events.list","calendar_id":"ada@provider.sim"},"kind":"forbidden","times":1})");
  // Its own calendar is read first; the list that this run has read still names the other one.
  stage.at_call("list_events", [&] { stage.order("DELETE", "/control/calendars", unshared); });
  stage.wake(ada);
  REQUIRE(stage.run_ended(ada));
  CHECK(stage.row(ada).error_count == 1);
  CHECK(stage.row(ada).last_synced_at == before);
  CHECK(stage.row(ada).sync_needed);
  CHECK_FALSE(stage.event(ada, team, "ours01"));
  CHECK(stage.out_of_step(2min) == "");
}

TEST_CASE("a series that comes back brings its moved occurrences back", "[scenario][calendars]") {
  Stage stage;
  Member& ada = settled_account(stage);
  auto& kept_versions = stage.provider.provider.settings.kept_versions;
  stage.put_event(ada, "primary", series());
  // Some server of the provider's will remember the time at which the series was deleted.
  kept_versions = 20;
  stage.order("DELETE", "/control/events",
              R"({"email":"ada@provider.sim","calendar_id":"primary","event_id":"series001"})");
  kept_versions = 0;
  stage.put_event(ada, "primary", series());
  stage.order("PATCH", "/control/events", moved_occurrence);
  // The series is the last one to change: deltas from before that do not name its occurrence.
  stage.order("PATCH", "/control/events", renamed_series);
  stage.wake(ada);
  REQUIRE(stage.run_ended(ada));
  const std::string occurrence = "series001_20260309T080000Z";
  REQUIRE(stage.out_of_step() == "");
  REQUIRE(stage.event(ada, own, occurrence));

  kept_versions = 20;
  stage.order("POST", "/control/faults",
              R"({"match":{"operation":"events.list","calendar_id":"ada@provider.sim"},"kind":"older_version"})");
  stage.put_event(ada, "primary", single("mine02"));
  // Its position covers the occurrence, which goes with the series all the same (I3): the provider has said both.
  stage.at_call("list_events", [&] { stage.judge(false); });
  stage.wake(ada);
  REQUIRE(stage.run_ended(ada));
  stage.judge(true);
  REQUIRE_FALSE(stage.event(ada, own, "series001"));
  REQUIRE_FALSE(stage.event(ada, own, occurrence));

  // The next delta names the series and, as its occurrence has not changed, nothing else.
  stage.wake(ada);
  REQUIRE(stage.run_ended(ada));
  CHECK(stage.event(ada, own, "series001"));
  REQUIRE(stage.event(ada, own, occurrence));
  CHECK(canonical_row(*stage.event(ada, own, occurrence)).start_time == "2026-03-10T13:00:00Z");
  CHECK(stage.out_of_step() == "");
}

TEST_CASE("a series that occurs at other times loses exceptions of which nobody says that they are gone",
          "[scenario][calendars]") {
  Stage stage;
  Member& ada = settled_account(stage);
  stage.provider.provider.settings.retimed_exceptions = "drop";
  stage.put_event(ada, "primary", series());
  stage.order("PATCH", "/control/events", moved_occurrence);
  stage.wake(ada);
  REQUIRE(stage.run_ended(ada));
  const std::string occurrence = "series001_20260309T080000Z";
  REQUIRE(stage.event(ada, own, occurrence));

  const auto change_series = [&](const std::string& change) {
    stage.order(
        "PATCH", "/control/events",
        R"({"email":"ada@provider.sim","calendar_id":"primary","event_id":"series001","event":)" + change + "}");
    stage.wake(ada);
    REQUIRE(stage.run_ended(ada));
  };
  SECTION("it begins at another hour") {
    change_series(R"({"start":{"dateTime":"2026-03-02T11:00:00+01:00","timeZone":"Europe/Berlin"},)"
                  R"("end":{"dateTime":"2026-03-02T12:00:00+01:00","timeZone":"Europe/Berlin"}})");
  }
  SECTION("it has another rule") { change_series(R"({"recurrence":["RRULE:FREQ=MONTHLY;COUNT=8"]})"); }
  SECTION("it is a series no more") { change_series(R"({"recurrence":[]})"); }
  CHECK_FALSE(stage.event(ada, own, occurrence));
  CHECK(stage.event(ada, own, "series001"));
  CHECK(stage.out_of_step() == "");
}
