// SPDX-License-Identifier: Apache-2.0
// What operators choose connections by, what their actions do, and that a bulk action touches what was confirmed.
#include <catch2/catch.hpp>
#include <random>

#include "common/store/bulk_store.hpp"
#include "tests/integration/store/database.hpp"

using namespace calsync;
using store::OperatorAction;
using test::TestDatabase;

namespace {

const store::Author ada{"ada", "admin", "", "woken at night"};

struct Desk {
  TestDatabase database;
  std::string owner = database.add_owner();
  store::OperatorStore operators{database.pool()};
  store::BulkStore bulk{database.pool()};

  std::string add(const std::string& columns = "") {
    std::string id = database.add_connection(owner);
    if (!columns.empty()) set(id, columns);
    return id;
  }
  void set(const std::string& id, const std::string& columns) {
    database.sql("UPDATE external_calendar_connections SET " + columns + " WHERE id = '" + id + "'");
  }
  std::string of(const std::string& id, const std::string& expression) {
    return database.sql("SELECT " + expression + " FROM external_calendar_connections WHERE id = '" + id + "'");
  }
  store::ActionResult act(OperatorAction action, const std::string& id, bool only_try = false, int minutes = 60) {
    return database.run(operators.act(action, ConnectionId::trusted(id), ada, minutes, only_try));
  }
  std::vector<std::string> matching(const store::ConnectionFilter& filter) {
    std::vector<std::string> ids;
    for (const auto& one : database.run(operators.connections(filter, std::nullopt, 100)).connections)
      ids.push_back(one.facts.connection.str());
    return ids;
  }
  std::string audit(const std::string& id, const std::string& expression) {
    return database.sql("SELECT string_agg((" + expression +
                        ")::text, ', ' ORDER BY id) FROM calendar_operator_actions"
                        " WHERE connection_id = '" +
                        id + "'");
  }
  std::string whole_database() {
    return database.sql(
        "SELECT md5(string_agg(c::text, '' ORDER BY id)) || (SELECT count(*) FROM calendar_operator_actions)"
        " FROM external_calendar_connections c");
  }
  std::string start(OperatorAction action, const store::ConnectionFilter& filter, int expected, int cap = 100) {
    return database.run(bulk.start({action, filter, ada, 60, cap, expected})).value_or("");
  }
  store::BulkStep step(const std::string& id, int size) {
    return database.run(bulk.step(id, size, [](const std::string&, const std::string&) { return true; }));
  }
  store::BulkView shown(const std::string& id) { return database.run(bulk.find(id)).value(); }
};

std::string pick(std::mt19937& dice, const std::vector<std::string>& choices) {
  return choices[std::uniform_int_distribution<std::size_t>(0, choices.size() - 1)(dice)];
}

/// One of everything that the derivation looks at.
std::string random_row(std::mt19937& dice) {
  const std::string error =
      pick(dice, {"NULL", "'invalid_token: x'", "'insufficient_scope: x'", "'configuration_error: x'",
                  "'rate_limited: x'", "'quota_exceeded: x'", "'provider_unavailable: x'", "'network_error: x'",
                  "'timeout: x'", "'internal_error: x'", "'without a code'"});
  return "last_error = " + error + ", error_count = " + pick(dice, {"0", "0", "3"}) +
         ", grant_refusals = " + pick(dice, {"0", "1", "2"}) +
         ", sync_enabled = " + pick(dice, {"true", "true", "true", "false"}) +
         ", awaiting_confirmation = " + pick(dice, {"false", "false", "false", "true"}) + ", backoff_until = now() + " +
         pick(dice, {"NULL::interval", "NULL::interval", "interval '1 hour'", "interval '-1 hour'",
                     "interval '31 days'", "interval '29 days'"}) +
         ", last_synced_at = now() - " +
         pick(dice, {"NULL::interval", "interval '1 minute'", "interval '9 minutes'", "interval '2 hours'"}) +
         ", created_at = now() - " + pick(dice, {"interval '1 minute'", "interval '3 days'"});
}

}  // namespace

TEST_CASE("the state that operators filter by is the one that is derived from the row") {
  Desk desk;
  std::mt19937 dice(7);
  for (int row = 0; row < 400; ++row) {
    const std::string id = desk.add(random_row(dice));
    if (dice() % 6 == 0)
      desk.database.sql("INSERT INTO external_calendars (connection_id, external_calendar_id, last_error) VALUES ('" +
                        id + "', 'a', '" + pick(dice, {"provider_rejected: x", "cursor_expired: x"}) + "')");
  }
  std::map<std::string, int> seen;
  std::optional<ConnectionId> after;
  do {
    const store::ConnectionPage page = desk.database.run(desk.operators.connections({}, after, 150));
    for (const store::ConnectionLine& line : page.connections) {
      INFO(line.facts.last_error);
      CHECK(line.state == sync::state_name(sync::derive_state(line.facts, page.now)));
      ++seen[line.state];
    }
    after = page.next;
  } while (after);
  CHECK(seen.size() == 7);
  int sum = 0;
  for (const auto& [state, count] : seen) {
    sum += count;
    CHECK(desk.database.run(desk.operators.preview({.state = state})).count == count);
  }
  CHECK(sum == 400);
}

TEST_CASE("each condition of a filter chooses") {
  Desk desk;
  const std::string plain =
      desk.add("sync_needed = false, last_synced_at = now(), provider_email = 'plain@example.com'");
  const std::string due = desk.add("provider_email = 'DUE@example.com'");
  const std::string failing =
      desk.add("error_count = 2, last_error = 'timeout: 50% of it', backoff_until = now() + interval '1 hour'");
  const std::string leased = desk.add("lease_until = now() + interval '1 minute', lease_token = 1");
  const std::string dead = desk.add("sync_needed = false, last_synced_at = now()");
  desk.database.sql(
      "INSERT INTO calendar_push_channels (id, connection_id, external_calendar_id, secret_hash, state, expires_at) "
      "VALUES ('c', '" +
      dead + "', 'a', '', 'live', now() - interval '1 second')");
  using Ids = std::vector<std::string>;
  CHECK(desk.matching({.due = true}) == Ids{due});
  CHECK(desk.matching({.leased = true}) == Ids{leased});
  CHECK(desk.matching({.backing_off = true}) == Ids{failing});
  CHECK(desk.matching({.failing = true}) == Ids{failing});
  CHECK(desk.matching({.channel_dead = true}) == Ids{dead});
  CHECK(desk.matching({.error_code = "timeout"}) == Ids{failing});
  CHECK(desk.matching({.search = "50% OF"}) == Ids{failing});
  CHECK(desk.matching({.search = plain.substr(0, 13)}) == Ids{plain});
  CHECK(desk.matching({.email = "due@EXAMPLE"}) == Ids{due});
  CHECK(desk.matching({.connection = ConnectionId::trusted(plain)}) == Ids{plain});
  CHECK(desk.matching({.provider = "microsoft"}).empty());
  CHECK(desk.matching({.owner = OwnerId::trusted(desk.owner)}).size() == 5);
  CHECK(desk.matching({.due = true, .failing = true}).empty());
  CHECK(desk.matching({.due = false}).size() == 4);
  CHECK(desk.matching({.email = "owner@example"}).size() == 5);
  CHECK(desk.matching({.search = "'; DROP TABLE profiles; --"}).empty());
}

TEST_CASE("actions do what the runbook does, and each leaves its line") {
  Desk desk;
  const std::string id = desk.add(
      "sync_needed = false, last_synced_at = now(), sync_cursor = 'c', error_count = 4, last_error = 'timeout: x'");
  desk.database.sql("DELETE FROM calendar_operator_actions");
  const auto backoff = desk.act(OperatorAction::backoff, id, false, 30);
  CHECK(backoff.after.find("backoff_until") != std::string::npos);
  CHECK(desk.of(id, "round(extract(epoch FROM backoff_until - now()) / 60)") == "30");
  desk.act(OperatorAction::clear_backoff, id);
  CHECK(desk.of(id, "backoff_until IS NULL") == "t");
  desk.act(OperatorAction::reset, id);
  CHECK(desk.of(id,
                "sync_cursor IS NULL AND last_synced_at IS NULL AND error_count = 0 AND last_error IS NULL AND "
                "sync_needed") == "t");
  desk.act(OperatorAction::disable, id);
  CHECK(desk.of(id, "sync_enabled") == "f");
  desk.act(OperatorAction::enable, id);
  CHECK(desk.of(id, "sync_enabled") == "t");
  const std::string wakes = desk.of(id, "wake_seq");
  const auto sync = desk.act(OperatorAction::sync, id);
  CHECK(desk.of(id, "wake_seq > " + wakes + " AND sync_needed AND sync_priority = 2") == "t");
  CHECK(sync.after == R"({"sync_needed": true})");
  // Nothing to change is written down, too.
  const auto nothing = desk.act(OperatorAction::clear_backoff, id);
  CHECK((nothing.found && nothing.before == "{}" && nothing.after == "{}"));
  CHECK(desk.audit(id, "action") == "backoff, clear-backoff, reset, disable, enable, sync, clear-backoff");
  CHECK(desk.database.sql(
            "SELECT count(*) FROM calendar_operator_actions WHERE actor = 'ada' AND actor_kind = 'admin' AND"
            " reason = 'woken at night' AND provider_id = '" +
            desk.owner + "'") == "7");
  CHECK(desk.database.sql("SELECT before ->> 'last_error' FROM calendar_operator_actions WHERE action = 'reset'") ==
        "timeout: x");
  CHECK_FALSE(desk.act(OperatorAction::reset, random_uuid(desk.database.random())).found);
}

TEST_CASE("a try changes nothing and says what would change") {
  Desk desk;
  const std::string id = desk.add("error_count = 4, last_error = 'timeout: x', last_synced_at = now()");
  const std::string before = desk.whole_database();
  for (const OperatorAction action :
       {OperatorAction::sync, OperatorAction::reset, OperatorAction::backoff, OperatorAction::disable}) {
    const auto result = desk.act(action, id, true);
    CHECK(result.found);
    CHECK(result.after != "{}");
    CHECK(desk.whole_database() == before);
  }
}

TEST_CASE("a connection that waits for confirmation is not enabled by an operator") {
  Desk desk;
  const std::string id = desk.add("sync_enabled = false, awaiting_confirmation = true");
  CHECK(desk.act(OperatorAction::enable, id).refused);
  CHECK(desk.of(id, "sync_enabled") == "f");
}

TEST_CASE("failed events are tried again one by one or all of a connection") {
  Desk desk;
  const std::string id = desk.add("sync_needed = false");
  const std::string other = desk.add();
  for (const char* name : {"a", "b", "c"})
    desk.database.sql(
        "INSERT INTO external_calendar_events (connection_id, provider_id, provider, external_calendar_id, "
        "external_event_id, title,"
        " sync_status, last_error) VALUES ('" +
        (*name == 'c' ? other : id) + "', '" + desk.owner + "', 'google', 'k', '" + name +
        "', 'private', 'FAILED', 'malformed_response: no start')");
  desk.database.sql("DELETE FROM calendar_operator_actions");
  const auto events = desk.database.run(desk.operators.failed_events({.connection = ConnectionId::trusted(id)}));
  REQUIRE(events.size() == 2);
  CHECK(events[0].last_error == "malformed_response: no start");
  CHECK(desk.database.run(desk.operators.failed_events({.error_code = "timeout"})).empty());
  CHECK(desk.database.run(desk.operators.failed_events({.after = events[0].id, .limit = 1})).size() == 1);
  CHECK(desk.database.run(desk.operators.retry_event(events[0].id, ada)));
  CHECK_FALSE(desk.database.run(desk.operators.retry_event(events[0].id, ada)));
  CHECK(desk.of(id, "sync_needed") == "t");
  CHECK(desk.database.run(desk.operators.retry_events(ConnectionId::trusted(id), ada)) == 1);
  CHECK(desk.database.run(desk.operators.retry_events(ConnectionId::trusted(id), ada)) == 0);
  CHECK(desk.audit(id, "action || ' ' || (after ->> 'events')") == "retry 1, retry 1");
  CHECK(desk.database.sql(
            "SELECT string_agg(sync_status, ' ' ORDER BY external_event_id) FROM external_calendar_events") ==
        "CREATED CREATED FAILED");
}

TEST_CASE("a bulk action needs the count that was previewed, within its cap") {
  Desk desk;
  for (int count = 0; count < 5; ++count) desk.add("error_count = 1");
  desk.add();
  CHECK(desk.start(OperatorAction::disable, {.failing = true}, 4).empty());
  CHECK(desk.start(OperatorAction::disable, {.failing = true}, 5, 4).empty());
  CHECK(desk.database.sql("SELECT count(*) FROM calendar_bulk_actions") == "0");
  CHECK_FALSE(desk.start(OperatorAction::disable, {.failing = true}, 5, 5).empty());
}

TEST_CASE("a bulk action is worked off in portions and touches what was confirmed and still meets the filter") {
  Desk desk;
  std::vector<std::string> ids;
  for (int count = 0; count < 5; ++count) ids.push_back(desk.add("error_count = 1"));
  const std::string healthy = desk.add();
  const std::string bulk = desk.start(OperatorAction::disable, {.failing = true}, 5);
  CHECK(desk.step(bulk, 2) == store::BulkStep::more);
  CHECK((desk.shown(bulk).touched == 2 && desk.shown(bulk).state == "running"));
  // One more fails since then, and one has recovered.
  const std::string later = desk.add("error_count = 1");
  desk.database.sql(
      "UPDATE external_calendar_connections SET error_count = 0 WHERE id = (SELECT connections[4] FROM "
      "calendar_bulk_actions)");
  CHECK(desk.step(bulk, 2) == store::BulkStep::more);
  CHECK(desk.step(bulk, 2) == store::BulkStep::more);
  CHECK(desk.step(bulk, 2) == store::BulkStep::finished);
  desk.database.run(desk.bulk.end(bulk, "done", ""));
  const store::BulkView view = desk.shown(bulk);
  CHECK((view.touched == 4 && view.skipped == 1 && view.matched == 5 && view.state == "done"));
  CHECK(desk.database.sql("SELECT count(*) FROM external_calendar_connections WHERE NOT sync_enabled") == "4");
  CHECK(desk.of(later, "sync_enabled") == "t");
  CHECK(desk.of(healthy, "sync_enabled") == "t");
  CHECK(
      desk.database.sql("SELECT count(*) FROM calendar_operator_actions WHERE action = 'disable' AND actor = 'ada' AND"
                        " reason LIKE 'woken at night (bulk %)'") == "4");
  CHECK(desk.database.sql("SELECT after ->> 'matched' FROM calendar_operator_actions WHERE action = 'bulk-disable'") ==
        "5");
}

TEST_CASE("a stopped bulk action does no further portion") {
  Desk desk;
  for (int count = 0; count < 4; ++count) desk.add("error_count = 1");
  const std::string bulk = desk.start(OperatorAction::disable, {.failing = true}, 4);
  desk.step(bulk, 1);
  CHECK(desk.database.run(desk.bulk.stop(bulk, {"bob", "admin", "", ""})));
  CHECK(desk.shown(bulk).state == "stopping");
  CHECK(desk.step(bulk, 1) == store::BulkStep::over);
  desk.database.run(desk.bulk.end(bulk, "interrupted", ""));
  CHECK((desk.shown(bulk).state == "stopped" && desk.shown(bulk).stopped_by == "bob" && desk.shown(bulk).touched == 1));
  CHECK_FALSE(desk.database.run(desk.bulk.stop(bulk, {"bob", "admin", "", ""})));
  CHECK(desk.database.sql(
            "SELECT count(*) FROM calendar_operator_actions WHERE action = 'bulk-stop' AND actor = 'bob'") == "1");
}

TEST_CASE("a bulk action whose process died is interrupted and never resumed") {
  Desk desk;
  desk.add("error_count = 1");
  const std::string bulk = desk.start(OperatorAction::disable, {.failing = true}, 1);
  desk.database.sql("UPDATE calendar_bulk_actions SET heartbeat_at = now() - interval '31 seconds'");
  CHECK(desk.shown(bulk).state == "interrupted");
  CHECK(desk.step(bulk, 1) == store::BulkStep::over);
  CHECK_FALSE(desk.database.run(desk.bulk.stop(bulk, ada)));
  desk.database.run(desk.bulk.end(bulk, "done", ""));
  CHECK(desk.shown(bulk).state == "interrupted");
  CHECK(desk.database.sql("SELECT count(*) FROM external_calendar_connections WHERE NOT sync_enabled") == "0");
}

TEST_CASE("a bulk action skips what the gate does not admit and what waits for confirmation") {
  Desk desk;
  const std::string one = desk.add("sync_enabled = false");
  const std::string two = desk.add("sync_enabled = false");
  const std::string three = desk.add("sync_enabled = false, awaiting_confirmation = true");
  const std::string bulk = desk.start(OperatorAction::enable, {.state = "disabled"}, 3);
  CHECK(desk.database.run(desk.bulk.step(
            bulk, 50, [&](const std::string&, const std::string& id) { return id != two; })) == store::BulkStep::more);
  CHECK(desk.of(one, "sync_enabled") == "t");
  CHECK(desk.of(two, "sync_enabled") == "f");
  CHECK(desk.of(three, "sync_enabled") == "f");
  CHECK((desk.shown(bulk).touched == 1 && desk.shown(bulk).skipped == 2));
}
