// SPDX-License-Identifier: Apache-2.0
// What a token endpoint says about a grant, and what it does not.
#include <catch2/catch.hpp>

#include "tests/simulation/scenarios/stage.hpp"

using namespace calsync;
using namespace calsync::simulation;

namespace {

constexpr const char* refuse_once = R"({"match":{"operation":"token"},"kind":"invalid_grant","times":1})";
constexpr const char* end_tokens = R"({"email":"ada@provider.sim"})";

/// An account of two calendars, in step, whose access token ends before each run.
Member& settled_account(Stage& stage) {
  Member& ada = stage.add_account("ada", {{"team@group.calendar.sim", "Team"}});
  stage.start_worker();
  REQUIRE(stage.out_of_step() == "");
  return ada;
}

Plan short_tokens() {
  Plan plan = Stage::quiet_plan();
  plan.access_token_seconds = 100;
  return plan;
}

}  // namespace

TEST_CASE("a refusal of the grant is forgotten once the provider has given a token", "[scenario][grants]") {
  Stage stage(short_tokens());
  Member& ada = settled_account(stage);
  stage.order("POST", "/control/faults", refuse_once);
  stage.wake(ada);
  REQUIRE(stage.run_ended(ada));
  REQUIRE(stage.row(ada).grant_refusals == 1);
  REQUIRE(stage.row(ada).error_count == 1);

  // The next run gets its token, and fails for another reason.
  stage.order("POST", "/control/faults", R"({"match":{"path_prefix":"/calendar/v3/"},"kind":"unavailable","times":1})");
  REQUIRE(stage.run_ended(ada, 2min));
  REQUIRE(stage.row(ada).error_count == 2);
  CHECK(stage.row(ada).grant_refusals == 0);

  // So the next refusal is a first one again, and nobody is asked to connect again.
  stage.order("POST", "/control/faults", refuse_once);
  REQUIRE(stage.run_ended(ada, 2min));
  CHECK(stage.row(ada).grant_refusals == 1);
  REQUIRE(stage.row(ada).backoff_until);
  CHECK(*stage.row(ada).backoff_until < stage.database.now() + 2min);
  CHECK(stage.out_of_step(3min) == "");
  CHECK(stage.row(ada).grant_refusals == 0);
}

TEST_CASE("a token that a stopped run was given counts, too", "[scenario][grants]") {
  Stage stage(short_tokens());
  Member& ada = settled_account(stage);
  stage.order("POST", "/control/faults", refuse_once);
  stage.wake(ada);
  REQUIRE(stage.run_ended(ada));
  REQUIRE(stage.row(ada).grant_refusals == 1);
  stage.at_call("list_calendars", [&] { stage.set_environment("CALENDAR_SYNC_ENABLED", "false"); });
  REQUIRE(stage.run_ended(ada, 2min));
  // Nothing else of that run was written.
  CHECK(stage.row(ada).error_count == 1);
  CHECK(stage.row(ada).grant_refusals == 0);
  stage.set_environment("CALENDAR_SYNC_ENABLED", "true");
  CHECK(stage.out_of_step() == "");
}

TEST_CASE("a token that a run was given counts, though the database broke the run", "[scenario][grants]") {
  Stage stage(short_tokens());
  Member& ada = settled_account(stage);
  stage.order("POST", "/control/faults", refuse_once);
  stage.wake(ada);
  REQUIRE(stage.run_ended(ada));
  REQUIRE(stage.row(ada).grant_refusals == 1);

  // The next run gets its token, and loses the database when it writes what it has read.
  stage.put_event(
      ada, "ada@provider.sim",
      R"({"id":"late01","start":{"dateTime":"2026-03-02T10:00:00Z"},"end":{"dateTime":"2026-03-02T11:00:00Z"}})");
  stage.database_faults.order_once(DatabaseFaults::Kind::disk_full, "mirror_settle");
  REQUIRE(stage.run_ended(ada, 2min));
  REQUIRE(stage.row(ada).error_count == 2);
  CHECK(stage.row(ada).grant_refusals == 0);
  CHECK(stage.out_of_step(3min) == "");
}

TEST_CASE("HTML in the place of a token ends the run and accuses nobody", "[scenario][grants]") {
  Stage stage;
  Member& ada = settled_account(stage);
  stage.order("POST", "/control/faults", R"({"match":{"operation":"token"},"kind":"html","times":1})");
  // After the list of calendars, before the first of them is read.
  stage.at_call("list_events", [&] { stage.order("POST", "/control/tokens/expire-access", end_tokens); });
  const Duration woken = stage.now();
  stage.wake(ada);
  REQUIRE(stage.run_ended(ada));
  CHECK(stage.calls_since(woken, "refresh") == 1);
  CHECK(stage.calls_since(woken, "list_events") == 1);
  CHECK(stage.row(ada).error_count == 1);
  CHECK(stage.row(ada).grant_refusals == 0);
  CHECK(stage.row(ada).sync_needed);
  CHECK(*stage.row(ada).backoff_until < stage.database.now() + 20s);
  for (const char* id : {"ada@provider.sim", "team@group.calendar.sim"})
    CHECK_FALSE(stage.calendar(ada, id).last_error);

  REQUIRE(stage.run_ended(ada));
  CHECK(stage.row(ada).error_count == 0);
  CHECK(stage.row(ada).grant_refusals == 0);
  CHECK(stage.out_of_step() == "");
}

TEST_CASE("a refusal of the grant that a stopped run has heard counts", "[scenario][grants]") {
  Stage stage(short_tokens());
  Member& ada = settled_account(stage);
  stage.order("POST", "/control/faults", R"({"match":{"operation":"token"},"kind":"invalid_grant","times":9})");
  const Duration woken = stage.now();
  stage.at_call("refresh", [&] { stage.set_environment("CALENDAR_SYNC_ENABLED", "false"); });
  stage.wake(ada);
  REQUIRE(stage.run_ended(ada));
  // Nothing else of that run was written.
  CHECK(stage.row(ada).grant_refusals == 1);
  CHECK(stage.row(ada).error_count == 0);
  CHECK_FALSE(stage.row(ada).last_error);

  // The second look is had a minute later, as after any refusal, and it is the last one.
  stage.set_environment("CALENDAR_SYNC_ENABLED", "true");
  REQUIRE(stage.run_ended(ada, 2min));
  std::vector<MadeCall> asked;
  std::ranges::copy_if(stage.calls(), std::back_inserter(asked),
                       [&](const MadeCall& one) { return one.started >= woken && one.operation == "refresh"; });
  REQUIRE(asked.size() == 2);
  CHECK(asked[1].started - *asked[0].ended >= Duration(60s));
  CHECK(stage.row(ada).grant_refusals == 2);
  CHECK(stage.row(ada).sync_state == "needs_reauth");
  stage.wake(ada);
  stage.run(10min);
  CHECK(stage.calls_since(woken, "refresh") == 2);
}

TEST_CASE("a refusal that a stopped run has heard says nothing about what a person does meanwhile",
          "[scenario][grants]") {
  Stage stage(short_tokens());
  Member& ada = settled_account(stage);
  stage.order("POST", "/control/faults", refuse_once);
  stage.at_call("refresh", [&] {
    stage.set_environment("CALENDAR_SYNC_ENABLED", "false");
    stage.people.update_connections([](const ConnectionRow&) { return true; },
                                    {.error_count = 0, .backoff_until = Moment{}});
  });
  stage.wake(ada);
  REQUIRE(stage.run_ended(ada));
  CHECK(stage.row(ada).grant_refusals == 0);
  CHECK_FALSE(stage.row(ada).backoff_until);
  stage.set_environment("CALENDAR_SYNC_ENABLED", "true");
  CHECK(stage.out_of_step(30s) == "");
}
