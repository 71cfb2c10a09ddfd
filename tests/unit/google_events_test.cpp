// SPDX-License-Identifier: Apache-2.0
#include "common/providers/google/google_events.hpp"

#include <catch2/catch.hpp>

#include "tests/support/fake_transport.hpp"
#include "tests/support/fixture.hpp"
#include "tests/support/run_task.hpp"

namespace calsync::google {
namespace {

using calendar::Event;
using calendar::EventRemoved;
using calendar::EventUnreadable;
using testing::http_response;
using testing::read_fixture;

const Time now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2);

providers::Session session() {
  testing::VirtualClock clock;
  return {Secret("ya29.token"), "108", Deadline(clock, std::chrono::seconds(30))};
}

std::string url_of(const std::string& calendar_id, const ReadPosition& position) {
  Options options;
  options.endpoints.api = "https://api.test/calendar/v3";
  return changes_request(options, session(), calendar_id, position).url;
}

TEST_CASE("a page token repeats every other parameter, the sync token included", "[google][events]") {
  const std::string base =
      "https://api.test/calendar/v3/calendars/c/events?maxResults=250&singleEvents=false&showDeleted=true";
  CHECK(url_of("c", {"", ""}) == base);
  CHECK(url_of("c", {"", "p"}) == base + "&pageToken=p");
  CHECK(url_of("c", {"s=", ""}) == base + "&syncToken=s%3D");
  CHECK(url_of("c", {"s=", "p"}) == base + "&syncToken=s%3D&pageToken=p");
}

TEST_CASE("no request has a parameter that Google forbids beside a sync token", "[google][events]") {
  for (const ReadPosition& position : {ReadPosition{}, ReadPosition{"s", ""}, ReadPosition{"s", "p"}}) {
    const std::string url = url_of("c", position);
    const auto parameters = net::parse_query(url.substr(url.find('?') + 1)).value();
    for (const auto& [name, value] : parameters) {
      CAPTURE(name);
      for (const char* forbidden : {"timeMin", "timeMax", "updatedMin", "orderBy", "q", "iCalUID",
                                    "privateExtendedProperty", "sharedExtendedProperty"}) {
        CHECK(name != forbidden);
      }
    }
  }
}

TEST_CASE("a calendar id is one path segment", "[google][events]") {
  struct Row {
    std::string id, segment;
  };
  const auto row = GENERATE(values<Row>({
      {"ana.silva+x@example.com", "ana.silva%2Bx%40example.com"},
      {"en.usa#holiday@group.v.calendar.google.com", "en.usa%23holiday%40group.v.calendar.google.com"},
      {"a/../b?c=d&e", "a%2F..%2Fb%3Fc%3Dd%26e"},
      {"100%25", "100%2525"},
      {"ü", "%C3%BC"},
  }));
  CAPTURE(row.id);
  CHECK(url_of(row.id, {}).starts_with("https://api.test/calendar/v3/calendars/" + row.segment + "/events?"));
}

TEST_CASE("the access token is in the header and nowhere else", "[google][events]") {
  const net::HttpRequest request = changes_request(Options{}, session(), "c", {});
  CHECK(request.method == "GET");
  CHECK(request.authorization == Secret("Bearer ya29.token"));
  CHECK_THAT(request.url, !Catch::Contains("ya29") &&
                              Catch::StartsWith("https://www.googleapis.com/calendar/v3/calendars/c/events?"));
}

TEST_CASE("a full page of every kind", "[google][events]") {
  const auto page = parse_changes(http_response(200, read_fixture("google/events_full.json")), {}, now);
  REQUIRE(page.has_value());
  CHECK(page->snapshot);
  CHECK(page->next_page.empty());
  CHECK(page->next_cursor == "CPi2l5aR-5MDEPi2l5aR-5MDGAUg0K7wuAI=");
  REQUIRE(page->changes.size() == 7);
  CHECK(std::get<Event>(page->changes[0]).title == "Haircut — Zoë");
  CHECK(std::get<Event>(page->changes[1]).is_all_day);
  CHECK(std::get<Event>(page->changes[2]).recurrence.size() == 2);
  CHECK(std::get<Event>(page->changes[3]).recurring_event_id == "weekly01");
  CHECK(std::get<Event>(page->changes[4]).status == calendar::Status::cancelled);
  CHECK(std::get<EventRemoved>(page->changes[5]).external_event_id == "gone01");
  CHECK(std::get<EventUnreadable>(page->changes[6]).external_event_id == "odd01");
}

TEST_CASE("exactly one of the two tokens ends a page", "[google][events]") {
  struct Row {
    std::string body;
    bool accepted;
    std::string next_page, next_cursor;
  };
  const auto row = GENERATE(values<Row>({
      {R"({"items":[],"nextPageToken":"p2"})", true, "p2", ""},
      {R"({"items":[],"nextSyncToken":"s2"})", true, "", "s2"},
      // A quiet poll has no items at all, and still a cursor that must be kept.
      {R"({"nextSyncToken":"s2"})", true, "", "s2"},
      {R"({"items":[],"nextSyncToken":"s2","nextPageToken":""})", true, "", "s2"},
      {R"({"items":[]})", false, "", ""},
      {R"({"items":[],"nextPageToken":null,"nextSyncToken":""})", false, "", ""},
      {R"({"items":[],"nextPageToken":"p2","nextSyncToken":"s2"})", false, "", ""},
      {R"({"items":[],"nextPageToken":"p1"})", false, "", ""},
      {R"({"items":[],"nextSyncToken":7})", false, "", ""},
  }));
  CAPTURE(row.body);
  const auto page = parse_changes(http_response(200, row.body), {"s1", "p1"}, now);
  REQUIRE(page.has_value() == row.accepted);
  if (!row.accepted) {
    CHECK(page.error().failure == Failure::malformed);
    return;
  }
  CHECK_FALSE(page->snapshot);
  CHECK(page->changes.empty());
  CHECK(page->next_page == row.next_page);
  CHECK(page->next_cursor == row.next_cursor);
}

TEST_CASE("a frame that is not Google's is malformed", "[google][events]") {
  const auto body = GENERATE(
      as<std::string>(), "", "<html>captive portal</html>", "[]", "null", R"({"items":{},"nextSyncToken":"s"})",
      R"({"items":"none","nextSyncToken":"s"})", R"({"items":[{"id":"a"},{"id":)", R"({"items":[],"nextSyncToken":"s")",
      R"({"items":[],"nextSyncToken":"s"} trailing)", R"({"items":[{"id":"a"} {"id":"b"}],"nextSyncToken":"s"})",
      "{\"items\":[],\"nextSyncToken\":\"\xff\"}", R"({"items":[],"nextSyncToken":"s","huge":1e999999})");
  CAPTURE(body);
  const auto page = parse_changes(http_response(200, body), {}, now);
  REQUIRE_FALSE(page.has_value());
  CHECK(page.error().failure == Failure::malformed);
}

TEST_CASE("one odd item never costs the others of its page", "[google][events]") {
  const auto odd = GENERATE(as<std::string>(), R"({"id":"odd","status":"confirmed"})", R"({"id":"odd","start":7})",
                            R"({"id":"odd","n":-9888888e888888})", R"({"id":"odd","n":1e-20000})", R"({"id":"odd",})",
                            R"({"id":"odd","n":01})", "{\"id\":\"odd\",\"summary\":\"\xff\xfe\"}",
                            R"({"id":"odd","summary":"\ud800"})",
                            R"({"id":"odd","deep":)" + std::string(200, '[') + std::string(200, ']') + "}");
  CAPTURE(odd);
  const std::string good = R"({"id":"ok","start":{"date":"2026-03-02"},"end":{"date":"2026-03-03"}})";
  const auto page = parse_changes(
      http_response(200, R"({"nextSyncToken":"s","items":[)" + good + "," + odd + "," + good + "]}"), {}, now);
  REQUIRE(page.has_value());
  REQUIRE(page->changes.size() == 3);
  CHECK(std::holds_alternative<Event>(page->changes[0]));
  CHECK(std::holds_alternative<Event>(page->changes[2]));
  REQUIRE(std::holds_alternative<EventUnreadable>(page->changes[1]));
  CHECK(std::get<EventUnreadable>(page->changes[1]).external_event_id == "odd");
}

TEST_CASE("the page's zone is that of times without one", "[google][events]") {
  const auto page = parse_changes(
      http_response(
          200,
          R"({"timeZone":"America/New_York","nextSyncToken":"s","items":[{"id":"a","start":{"dateTime":"2026-07-01T09:00:00"},
                            "end":{"dateTime":"2026-07-01T10:00:00-04:00"}}]})"),
      {}, now);
  REQUIRE(page.has_value());
  const auto& event = std::get<Event>(page->changes.at(0));
  CHECK(event.start.instant == parse_rfc3339("2026-07-01T13:00:00Z"));
  CHECK(event.time_zone == "America/New_York");
}

TEST_CASE("refusals of a list call", "[google][events]") {
  const auto expired = parse_changes(http_response(410, read_fixture("google/error_full_sync.json")), {"s", "p2"}, now);
  REQUIRE_FALSE(expired.has_value());
  CHECK(expired.error().failure == Failure::cursor_expired);
  const auto gone = parse_changes(
      http_response(404, R"({"error":{"errors":[{"reason":"notFound"}],"message":"Not Found"}})"), {"s", ""}, now);
  REQUIRE_FALSE(gone.has_value());
  CHECK(describe(gone.error()) == "provider_rejected: Google answered 404 notFound: Not Found");
}

}  // namespace
}  // namespace calsync::google
