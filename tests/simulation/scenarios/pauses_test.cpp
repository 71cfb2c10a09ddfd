// SPDX-License-Identifier: Apache-2.0
// A provider's "wait" counts for everybody, whatever becomes of the run that heard it.
#include <catch2/catch.hpp>

#include "tests/emulator/clock.hpp"
#include "tests/simulation/scenarios/stage.hpp"

using namespace calsync;
using namespace calsync::simulation;

namespace {

/// Two workers and an account, in step.
Member& settled_account(Stage& stage) {
  Member& ada = stage.add_account("ada");
  stage.start_worker();
  stage.start_worker();
  REQUIRE(stage.out_of_step() == "");
  return ada;
}

void throttle_once(Stage& stage, const std::string& retry_after) {
  stage.order("POST", "/control/faults",
              R"({"match":{"operation":"events.list"},"kind":"too_many_requests","times":1,"retry_after":")" +
                  retry_after + R"("})");
}

/// When the refusal was heard.
Duration heard_429(Stage& stage) {
  const auto refused = [](const MadeCall& one) { return one.status == 429; };
  REQUIRE(stage.run_until([&] { return std::ranges::any_of(stage.calls(), refused); }, 30s));
  return *std::ranges::find_if(stage.calls(), refused)->ended;
}

/// Nobody calls for so long, and somebody does soon after.
void check_silence(Stage& stage, const Member& member, Duration heard, Duration pause) {
  stage.run_until([&] { return stage.calls_since(heard + 1ms) > 0; }, pause + 60s);
  REQUIRE(stage.calls_since(heard + 1ms) > 0);
  CHECK((stage.calls().back().started - heard).count() >= pause.count());
  CHECK(stage.out_of_step() == "");
  CHECK_FALSE(stage.row(member).backoff_until);
}

}  // namespace

TEST_CASE("a Retry-After date is read by the provider's clock", "[scenario][pauses]") {
  const Duration wrong_by = GENERATE(Duration(1h), Duration(-1h));
  Stage stage;
  Member& ada = stage.add_account("ada");
  WorkerProcess& worker = stage.start_worker();
  REQUIRE(stage.out_of_step() == "");
  worker.process().shift_wall_clock(wrong_by);
  const auto until = std::chrono::floor<std::chrono::seconds>(stage.provider.now()) + 100s;
  throttle_once(stage, emulator::http_date(until.time_since_epoch().count()));
  stage.wake(ada);
  const Duration heard = heard_429(stage);
  check_silence(stage, ada, heard, 98s);
}

TEST_CASE("a run that the kill switch stops tells how long to wait", "[scenario][pauses]") {
  const bool edited = GENERATE(false, true);
  CAPTURE(edited);
  Stage stage;
  Member& ada = settled_account(stage);
  throttle_once(stage, "90");
  stage.at_call("list_events", [&] {
    stage.set_environment("CALENDAR_SYNC_ENABLED", "false");
    if (edited)
      stage.people.update_connections([](const ConnectionRow&) { return true; },
                                      {.error_count = 0, .backoff_until = Moment{}});
  });
  stage.wake(ada);
  const Duration heard = heard_429(stage);
  stage.run(200ms);
  stage.set_environment("CALENDAR_SYNC_ENABLED", "true");
  REQUIRE(stage.row(ada).error_count == 0);
  check_silence(stage, ada, heard, 90s);
}

TEST_CASE("what an operator clears during a run does not overrule what the run hears", "[scenario][pauses]") {
  Stage stage;
  Member& ada = settled_account(stage);
  throttle_once(stage, "90");
  stage.at_call("list_events", [&] {
    stage.people.update_connections([](const ConnectionRow&) { return true; },
                                    {.error_count = 0, .backoff_until = Moment{}});
  });
  stage.wake(ada);
  const Duration heard = heard_429(stage);
  stage.run(200ms);
  CHECK(stage.row(ada).error_count == 0);
  check_silence(stage, ada, heard, 90s);
}

// Of the invariant: it holds the product to what somebody could know.
TEST_CASE("a pause that only a killed worker had heard of binds nobody", "[scenario][pauses]") {
  Stage stage;
  Member& ada = stage.add_account("ada");
  WorkerProcess& worker = stage.start_worker();
  REQUIRE(stage.out_of_step() == "");
  // One that was written down, and is over.
  throttle_once(stage, "20");
  stage.wake(ada);
  check_silence(stage, ada, heard_429(stage), 20s);

  const Duration since = stage.now();
  throttle_once(stage, "300");
  stage.wake(ada);
  const auto refused = [&](const MadeCall& one) { return one.started > since && one.status == 429; };
  REQUIRE(stage.run_until([&] { return std::ranges::any_of(stage.calls(), refused); }, 30s));
  worker.process().kill();
  REQUIRE(stage.row(ada).lease_until);
  const Duration killed = stage.now();
  stage.start_worker();
  CHECK(stage.out_of_step(2min) == "");
  CHECK(stage.calls_since(killed) > 0);
}

TEST_CASE("a pause that was written down binds whoever comes next", "[scenario][pauses]") {
  Stage stage;
  Member& ada = stage.add_account("ada");
  WorkerProcess& worker = stage.start_worker();
  REQUIRE(stage.out_of_step() == "");
  throttle_once(stage, "90");
  stage.wake(ada);
  const Duration heard = heard_429(stage);
  stage.run(200ms);
  worker.process().kill();
  stage.start_worker();
  check_silence(stage, ada, heard, 90s);
}
