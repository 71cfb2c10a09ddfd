// SPDX-License-Identifier: Apache-2.0
#include "common/providers/google/google_calendar_list.hpp"

#include <catch2/catch.hpp>

#include "tests/support/fake_transport.hpp"
#include "tests/support/fixture.hpp"
#include "tests/support/run_task.hpp"

namespace calsync::google {
namespace {

using providers::Calendar;
using providers::CalendarRemoved;
using testing::http_response;
using testing::read_fixture;

const Time now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2);

providers::Session session() {
  testing::VirtualClock clock;
  return {Secret("ya29.token"), "108", Deadline(clock, std::chrono::seconds(30))};
}

TEST_CASE("calendar list requests: tokens are added, everything else stays", "[google][calendars]") {
  struct Row {
    ReadPosition position;
    std::string query;
  };
  const auto row = GENERATE(values<Row>({
      {{"", ""}, ""},
      {{"", "p=1"}, "&pageToken=p%3D1"},
      {{"s+1", ""}, "&syncToken=s%2B1"},
      {{"s+1", "p=1"}, "&syncToken=s%2B1&pageToken=p%3D1"},
  }));
  Options options;
  options.endpoints.api = "https://api.test/calendar/v3/";
  const net::HttpRequest request = calendar_list_request(options, session(), row.position);
  CHECK(request.method == "GET");
  CHECK(request.url ==
        "https://api.test/calendar/v3/users/me/calendarList?maxResults=250&showDeleted=true&showHidden=true" +
            row.query);
  CHECK(request.authorization == Secret("Bearer ya29.token"));
  CHECK_FALSE(request.follow_redirects);
}

TEST_CASE("a full list: names, zones, roles, hidden and deleted entries", "[google][calendars]") {
  const auto page = parse_calendar_list(http_response(200, read_fixture("google/calendar_list_full.json")), {}, now);
  REQUIRE(page.has_value());
  CHECK(page->snapshot);
  CHECK(page->next_page.empty());
  CHECK(page->next_cursor == "CPDAlvWDx70CEPDAlvWDx70C");
  struct Expected {
    std::string id, name, zone, role;
    bool primary;
  };
  const std::vector<Expected> expected{
      {"ana.silva@example.com", "Work", "Europe/Lisbon", "owner", true},
      {"en.usa#holiday@group.v.calendar.google.com", "Holidays in United States", "America/New_York", "reader", false},
      {"bruno@example.com", "Bruno", "America/Sao_Paulo", "freeBusyReader", false},
      {"c_9a8b7c@group.calendar.google.com", "Team", "", "writerWithoutPrivateAccess", false},
  };
  REQUIRE(page->changes.size() == expected.size() + 1);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(expected[i].id);
    const auto& calendar = std::get<Calendar>(page->changes[i]);
    CHECK(calendar.external_calendar_id == expected[i].id);
    CHECK(calendar.name == expected[i].name);
    CHECK(calendar.time_zone == expected[i].zone);
    CHECK(calendar.access_role == expected[i].role);
    CHECK(calendar.is_primary == expected[i].primary);
    CHECK(calendar.readable);
  }
  CHECK(std::get<CalendarRemoved>(page->changes[4]).external_calendar_id == "c_old@group.calendar.google.com");
}

TEST_CASE("a delta: an unsubscribed calendar is removed", "[google][calendars]") {
  const auto page =
      parse_calendar_list(http_response(200, read_fixture("google/calendar_list_delta.json")), {"old", ""}, now);
  REQUIRE(page.has_value());
  CHECK_FALSE(page->snapshot);
  REQUIRE(page->changes.size() == 1);
  CHECK(std::get<CalendarRemoved>(page->changes[0]).external_calendar_id == "c_9a8b7c@group.calendar.google.com");
}

TEST_CASE("the second page of a full list is still part of the snapshot", "[google][calendars]") {
  const auto page = parse_calendar_list(
      http_response(200, R"({"nextPageToken":"p2","items":[{"id":"a","accessRole":"none"}]})"), {"", "p1"}, now);
  REQUIRE(page.has_value());
  CHECK(page->snapshot);
  CHECK(page->next_page == "p2");
  CHECK_FALSE(std::get<Calendar>(page->changes.at(0)).readable);
}

TEST_CASE("a list that cannot be understood is refused as a whole", "[google][calendars]") {
  const auto body = GENERATE(as<std::string>(), R"({"nextSyncToken":"s","items":[{"summary":"no id"}]})",
                             R"({"nextSyncToken":"s","items":["a"]})", R"({"nextSyncToken":"s","items":[{"id":7}]})",
                             R"({"nextSyncToken":"s","items":[{"id":"a","x":1e999999}]})",
                             R"({"nextSyncToken":"s","items":{}})", "<html>", "");
  CAPTURE(body);
  const auto page = parse_calendar_list(http_response(200, body), {}, now);
  REQUIRE_FALSE(page.has_value());
  CHECK(page.error().failure == Failure::malformed);
}

TEST_CASE("an expired list token asks for a full list", "[google][calendars]") {
  const auto page =
      parse_calendar_list(http_response(410, read_fixture("google/error_full_sync.json")), {"old", ""}, now);
  REQUIRE_FALSE(page.has_value());
  CHECK(page.error().failure == Failure::cursor_expired);
}

TEST_CASE("a full list may end without a sync token, an increment may not", "[google][calendar_list]") {
  const auto whole = parse_calendar_list(http_response(200, R"({"items":[{"id":"a"}]})"), {"", ""}, Time());
  REQUIRE(whole.has_value());
  CHECK(whole->snapshot);
  CHECK(whole->next_page.empty());
  CHECK(whole->next_cursor.empty());
  const auto increment = parse_calendar_list(http_response(200, R"({"items":[]})"), {"s1", ""}, Time());
  REQUIRE_FALSE(increment.has_value());
  CHECK(increment.error().failure == Failure::malformed);
}

}  // namespace
}  // namespace calsync::google
