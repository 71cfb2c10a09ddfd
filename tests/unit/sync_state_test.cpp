// SPDX-License-Identifier: Apache-2.0
#include "common/sync/state.hpp"

#include <catch2/catch.hpp>

#include <random>

namespace calsync::sync {
namespace {

using namespace std::chrono_literals;

const Time now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2) + 9h;

ConnectionFacts in_step() {
  ConnectionFacts facts;
  facts.created_at = now - 24h * 90;
  facts.last_synced_at = now - 1min;
  return facts;
}

ConnectionFacts failing(const std::string& error, int refusals = 0, Duration backoff = 1min) {
  ConnectionFacts facts = in_step();
  facts.last_error = error;
  facts.error_count = 1;
  facts.grant_refusals = refusals;
  facts.backoff_until = now + backoff;
  return facts;
}

std::string state_of(const ConnectionFacts& facts) { return std::string(state_name(derive_state(facts, now))); }
std::string owner_of(const ConnectionFacts& facts) { return std::string(owner_name(error_owner(facts, now))); }

TEST_CASE("the state of a connection whose last run failed", "[sync][state]") {
  struct Row {
    std::string error;
    int refusals;
    Duration backoff;
    std::string state;
    std::string owner;
  };
  const Duration year = 24h * 365;
  const auto row = GENERATE_COPY(values<Row>({
      {"invalid_token: gone", 0, 1min, "delayed", "none"},
      {"invalid_token: gone", 1, 1min, "delayed", "none"},
      {"invalid_token: gone", 2, year, "needs_reauth", "user"},
      {"invalid_token: gone", 2, 0min, "needs_reauth", "user"},  // somebody cleared the backoff, which proves nothing
      {"insufficient_scope: x", 1, 1min, "delayed", "none"},
      {"insufficient_scope: x", 2, year, "needs_reauth", "user"},
      {"insufficient_scope: x", 0, year, "needs_reauth", "user"},  // the verdict of an earlier version
      {"configuration_error: invalid_client", 0, 10min, "delayed", "operator"},
      {"configuration_error: invalid_client", 5, 10min, "delayed", "operator"},
      {"rate_limited: slow down", 0, 1min, "throttled", "provider"},
      {"quota_exceeded: tomorrow", 2, 12h, "throttled", "provider"},
      {"provider_unavailable: 503", 0, 1min, "provider_down", "provider"},
      {"network_error: refused", 1, 1min, "provider_down", "provider"},
      {"timeout: x", 2, 1min, "provider_down", "provider"},
      {"malformed_response: x", 0, 1min, "delayed", "provider"},
      {"provider_rejected: 403", 0, 1min, "delayed", "provider"},
      {"database_error: x", 0, 1min, "delayed", "operator"},
      {"internal_error: x", 0, 1min, "delayed", "operator"},
      {"internal_error: ended with their worker", 0, year, "suspended", "operator"},
      {"provider_rejected: 403", 0, year, "suspended", "provider"},
      {"provider_rejected: 403", 2, year, "suspended", "provider"},
  }));
  CAPTURE(row.error, row.refusals);
  CHECK(state_of(failing(row.error, row.refusals, row.backoff)) == row.state);
  CHECK(owner_of(failing(row.error, row.refusals, row.backoff)) == row.owner);
}

TEST_CASE("the state of a connection whose last run did not fail", "[sync][state]") {
  ConnectionFacts facts = in_step();
  CHECK(state_of(facts) == "active");
  CHECK(owner_of(facts) == "none");
  SECTION("late from two intervals and a minute on") {
    facts.last_synced_at = now - 11min;
    CHECK(state_of(facts) == "active");
    facts.last_synced_at = now - 11min - 1s;
    CHECK(state_of(facts) == "delayed");
    CHECK(owner_of(facts) == "operator");
    CHECK(late_since(facts, now) == now - 1s);
    facts.sync_frequency_minutes = 60;
    CHECK(state_of(facts) == "active");
    CHECK_FALSE(late_since(facts, now));
  }
  SECTION("new, and never synced") {
    facts.last_synced_at.reset();
    facts.created_at = now - 2min;
    CHECK(state_of(facts) == "active");
    facts.created_at = now - 20min;
    CHECK(state_of(facts) == "delayed");
  }
  SECTION("a calendar that cannot be read") {
    facts.failing_calendars = 1;
    CHECK(state_of(facts) == "delayed");
    CHECK(owner_of(facts) == "provider");
  }
  SECTION("put off by hand") {
    facts.backoff_until = now + 1h;
    CHECK(state_of(facts) == "delayed");
    CHECK(owner_of(facts) == "operator");
    facts.backoff_until = now + 24h * 31;
    CHECK(state_of(facts) == "suspended");
    CHECK(owner_of(facts) == "operator");
    facts.backoff_until = now;
    CHECK(state_of(facts) == "active");
  }
  SECTION("disabled comes before everything") {
    facts = failing("invalid_token: gone", 2, 24h * 365);
    facts.sync_enabled = false;
    CHECK(state_of(facts) == "disabled");
    CHECK(owner_of(facts) == "none");
    facts.sync_enabled = true;
    facts.awaiting_confirmation = true;
    CHECK(state_of(facts) == "disabled");
  }
}

TEST_CASE("what a verdict makes of the state", "[sync][state]") {
  CHECK(state_after(completed(), 0, now).state == "active");
  CHECK(state_after(completed(), 0, now).reason.empty());
  CHECK(state_after(completed(), 2, now).state == "delayed");
  CHECK(state_after(completed(), 2, now).reason == "calendars that cannot be read: 2");
  const Outcome poison = *poisoned(5, 0);
  CHECK(state_after(poison, 0, now).state == "suspended");
  CHECK(state_after(poison, 0, now).reason == poison.last_error);
  const Error dead = fail(Failure::grant_dead, "token expired or revoked");
  const Outcome first = decide(dead, {0, 0}, 0.5);
  CHECK(state_after(first, 0, now).state == "delayed");
  CHECK(state_after(decide(dead, {1, first.grant_refusals}, 0.5), 0, now).state == "needs_reauth");
}

TEST_CASE("transient failures and operators' mistakes in any order never ask a person to connect again",
          "[sync][state]") {
  constexpr std::array transient{Failure::throttled,     Failure::unavailable, Failure::network,
                                 Failure::timeout,       Failure::malformed,   Failure::quota_exhausted,
                                 Failure::database,      Failure::conflict,    Failure::rejected,
                                 Failure::misconfigured, Failure::internal,    Failure::cursor_expired};
  std::mt19937 random(7);
  for (int series = 0; series < 200; ++series) {
    Attempt attempt;
    // One refusal of the grant somewhere among them is not two.
    const int refused = static_cast<int>(random() % 50);
    for (int run = 0; run < 50; ++run) {
      const Failure failure = run == refused ? Failure::grant_dead : transient.at(random() % transient.size());
      const Outcome outcome = decide(fail(failure, "x"), attempt, 0.5);
      REQUIRE(state_after(outcome, 0, now).state != "needs_reauth");
      attempt = {attempt.error_count + 1, outcome.grant_refusals};
    }
  }
}

}  // namespace
}  // namespace calsync::sync
