// SPDX-License-Identifier: Apache-2.0
#include "common/sync/explain.hpp"

#include <catch2/catch.hpp>

namespace calsync::sync {
namespace {

using namespace std::chrono_literals;

const Time now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2) + 9h;

ConnectionFacts facts() {
  ConnectionFacts facts;
  facts.owner = *OwnerId::parse("11111111-1111-4111-8111-111111111111");
  facts.connection = *ConnectionId::parse("33333333-3333-4333-8333-333333333333");
  facts.due_at = now + 1min;
  return facts;
}

GateSettings gate(std::map<std::string, std::string> more = {}) {
  more.merge(std::map<std::string, std::string>{
      {"CALENDAR_SYNC_ENABLED", "true"}, {"CALENDAR_JOBS_ENABLED", "true"}, {"CALENDAR_ALLOWLIST_PROVIDER_IDS", "*"}});
  return parse_gate(more);
}

ConnectionFacts failing(const std::string& error, std::optional<Duration> backoff = 5min) {
  ConnectionFacts one = facts();
  one.last_error = error;
  one.error_count = 1;
  if (backoff) one.backoff_until = now + *backoff;
  return one;
}

TEST_CASE("the state of a connection that fails", "[sync][explain]") {
  struct Row {
    std::string error;
    Duration backoff;
    std::string state;
  };
  const auto row = GENERATE(values<Row>({
      {"invalid_token: the grant is gone", 5min, "delayed"},
      {"invalid_token: the grant is gone", 24h * 365, "needs_reauth"},
      {"insufficient_scope: no calendar", 24h * 365, "needs_reauth"},
      {"configuration_error: the client is unknown", 24h * 365, "delayed"},
      {"rate_limited: slow down", 5min, "throttled"},
      {"quota_exceeded: tomorrow", 12h, "throttled"},
      {"provider_unavailable: 503", 5min, "provider_down"},
      {"network_error: refused", 5min, "provider_down"},
      {"internal_error: odd", 24h * 30, "delayed"},
      {"internal_error: odd", 24h * 31, "suspended"},
      {"rate_limited: slow down", 24h * 31, "suspended"},
      {"", 5min, "delayed"},
  }));
  CAPTURE(row.error);
  const Explanation explanation = explain(failing(row.error, row.backoff), gate(), now);
  CHECK(explanation.situation == row.state);
  CHECK(explanation.reason.starts_with(row.error));
  CHECK_FALSE(explanation.action.empty());
}

TEST_CASE("the state of a connection that does not fail", "[sync][explain]") {
  CHECK(explain(facts(), gate(), now).situation == "active");
  CHECK(explain(facts(), gate(), now).action.empty());

  ConnectionFacts due = facts();
  due.due_at = now - 1min;
  due.last_synced_at = now - 6min;
  CHECK(explain(due, gate(), now).situation == "pending");
  due.due_at = now - 7min;
  due.last_synced_at = now - 12min;
  CHECK(explain(due, gate(), now).situation == "delayed");
  due.sync_frequency_minutes = 60;
  CHECK(explain(due, gate(), now).situation == "pending");
  due.due_at.reset();
  CHECK(explain(due, gate(), now).situation == "active");

  ConnectionFacts leased = facts();
  leased.lease_until = now + 1s;
  CHECK(explain(leased, gate(), now).situation == "syncing");
  leased.lease_until = now;
  CHECK(explain(leased, gate(), now).situation == "active");

  ConnectionFacts paused = facts();
  paused.backoff_until = now + 1h;
  const Explanation by_hand = explain(paused, gate(), now);
  CHECK(by_hand.situation == "delayed");
  CHECK(by_hand.reason.find("2026-03-02T10:00:00Z") != std::string::npos);
  paused.backoff_until = now;
  CHECK(explain(paused, gate(), now).situation == "active");
}

TEST_CASE("who is shut out, and what lets them in", "[sync][explain]") {
  const Explanation off = explain(facts(), gate({{"CALENDAR_SYNC_ENABLED", "false"}}), now);
  CHECK(off.situation == "switched_off");
  CHECK(off.action == "set CALENDAR_SYNC_ENABLED=true and reload");

  const std::string stranger = "22222222-2222-4222-8222-222222222222";
  const Explanation owner = explain(facts(), gate({{"CALENDAR_ALLOWLIST_PROVIDER_IDS", stranger}}), now);
  CHECK(owner.situation == "not_allowlisted");
  CHECK(owner.action == "add 11111111-1111-4111-8111-111111111111 to CALENDAR_ALLOWLIST_PROVIDER_IDS and reload");

  const Explanation connection = explain(facts(), gate({{"CALENDAR_ALLOWLIST_CONNECTION_IDS", stranger}}), now);
  CHECK(connection.situation == "not_allowlisted");
  CHECK(connection.action ==
        "add 33333333-3333-4333-8333-333333333333 to CALENDAR_ALLOWLIST_CONNECTION_IDS and reload");
}

TEST_CASE("the nearest reason is the one that is told", "[sync][explain]") {
  ConnectionFacts all = failing("invalid_token: gone");
  all.awaiting_confirmation = true;
  all.sync_enabled = false;
  all.lease_until = now + 1min;
  all.due_at = now - 1h;
  const GateSettings closed = gate({{"CALENDAR_SYNC_ENABLED", "false"}});
  CHECK(explain(all, closed, now).situation == "awaiting_confirmation");
  all.awaiting_confirmation = false;
  CHECK(explain(all, closed, now).situation == "disabled");
  all.sync_enabled = true;
  CHECK(explain(all, closed, now).situation == "switched_off");
  CHECK(explain(all, gate(), now).situation == "syncing");
  all.lease_until.reset();
  all.grant_refusals = 2;
  CHECK(explain(all, gate(), now).situation == "needs_reauth");
}

TEST_CASE("a row alone is explained, too", "[sync][explain]") {
  ConnectionFacts one = facts();
  one.sync_needed = true;
  one.due_at = now - 1s;
  one.lease_until = now + 1min;
  CHECK(explain(one, gate(), now).cause == Cause::syncing);
  one.lease_until.reset();
  CHECK(explain(one, gate(), now).cause == Cause::due);
  CHECK(facts_of({.facts = one, .now = now}, gate()).size() > 10);
}

TEST_CASE("moments are told with their distance", "[sync][explain]") {
  CHECK(moment(now, now) == "2026-03-02T09:00:00Z (0 seconds ago)");
  CHECK(moment(now - 1s, now) == "2026-03-02T08:59:59Z (1 second ago)");
  CHECK(moment(now - 3h, now) == "2026-03-02T06:00:00Z (3 hours ago)");
  CHECK(moment(now + 72h, now) == "2026-03-05T09:00:00Z (in 3 days)");
}

}  // namespace
}  // namespace calsync::sync
