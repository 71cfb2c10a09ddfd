// SPDX-License-Identifier: Apache-2.0
// A connection whose runs take their workers down.
#include <catch2/catch.hpp>

#include "tests/simulation/scenarios/stage.hpp"

using namespace calsync;
using namespace calsync::simulation;

namespace {

/// A worker claims the account and dies in its run, as often as that.
void die(Stage& stage, const Member& member, int times) {
  for (int one = 0; one < times; ++one) {
    const std::int64_t lease = stage.row(member).lease_token;
    WorkerProcess& worker = stage.start_worker();
    REQUIRE(stage.run_until([&] { return stage.row(member).lease_token > lease; }, 3min));
    worker.process().kill();
  }
}

}  // namespace

TEST_CASE("a connection whose runs took five workers down is left alone", "[scenario][poison]") {
  Stage stage;
  Member& ada = stage.add_account("ada");
  const Duration begun = stage.now();
  die(stage, ada, 5);
  REQUIRE(stage.calls_since(begun) > 0);
  const Duration fifth = stage.now();
  stage.start_worker();
  REQUIRE(stage.run_ended(ada, 3min));
  CHECK(stage.calls_since(fifth + 1ms) == 0);
  CHECK(stage.row(ada).sync_state == "suspended");
  CHECK(*stage.row(ada).backoff_until > stage.database.now() + std::chrono::days(30));

  // Who looks into it and clears the backoff has it tried again.
  stage.people.update_connections([](const ConnectionRow&) { return true; },
                                  {.error_count = 0, .last_error = Text{}, .backoff_until = Moment{}});
  CHECK(stage.out_of_step() == "");
  CHECK(stage.row(ada).unsettled_claims == 0);
}

TEST_CASE("four ends of workers are forgiven by a run that ends", "[scenario][poison]") {
  Stage stage;
  Member& ada = stage.add_account("ada");
  die(stage, ada, 4);
  stage.start_worker();
  CHECK(stage.out_of_step(3min) == "");
  CHECK(stage.row(ada).unsettled_claims == 0);
  CHECK(stage.row(ada).sync_state == "active");
}
