// SPDX-License-Identifier: Apache-2.0
#include "common/providers/google/google_adapter.hpp"

#include <catch2/catch.hpp>

#include "tests/support/fake_transport.hpp"
#include "tests/support/fixture.hpp"
#include "tests/support/run_task.hpp"

namespace calsync::google {
namespace {

using testing::FakeTransport;
using testing::http_response;
using testing::read_fixture;
using testing::run_task;

struct Fixture {
  testing::VirtualClock clock;
  FakeTransport google;
  providers::Adapter adapter = make_google_adapter(options(), google, clock);

  static Options options() {
    Options options;
    options.endpoints.api = "https://api.test/calendar/v3";
    return options;
  }
  providers::Session session() const { return {Secret("ya29.a"), "108", Deadline(clock, std::chrono::seconds(30))}; }
};

TEST_CASE("the adapter is called google and can do both", "[google][adapter]") {
  Fixture f;
  CHECK(f.adapter.name == "google");
  CHECK(f.adapter.reader != nullptr);
  CHECK(f.adapter.authorizer != nullptr);
}

TEST_CASE("a chain of pages: full read, then a delta", "[google][adapter]") {
  Fixture f;
  const std::string events =
      "https://api.test/calendar/v3/calendars/a%40b.c/events?maxResults=250&singleEvents=false&showDeleted=true";
  f.google.expect("GET", events, http_response(200, R"({"items":[],"nextPageToken":"p2"})"))
      .expect("GET", events + "&pageToken=p2", http_response(200, read_fixture("google/events_full.json")))
      .expect("GET", events + "&syncToken=CPi2l5aR-5MDEPi2l5aR-5MDGAUg0K7wuAI%3D",
              http_response(200, R"({"items":[],"nextSyncToken":"s2"})"));
  const auto first = run_task(f.adapter.reader->list_events(f.session(), "a@b.c", "", ""));
  REQUIRE(first.has_value());
  CHECK(first->snapshot);
  CHECK(first->changes.empty());
  const auto second = run_task(f.adapter.reader->list_events(f.session(), "a@b.c", "", first->next_page));
  REQUIRE(second.has_value());
  CHECK(second->snapshot);
  CHECK(second->changes.size() == 7);
  const auto delta = run_task(f.adapter.reader->list_events(f.session(), "a@b.c", second->next_cursor, ""));
  REQUIRE(delta.has_value());
  CHECK_FALSE(delta->snapshot);
  CHECK(delta->next_cursor == "s2");
  CHECK(f.google.exhausted());
  for (const net::HttpRequest& request : f.google.sent()) CHECK(request.authorization == Secret("Bearer ya29.a"));
}

TEST_CASE("the calendar list is read through the same door", "[google][adapter]") {
  Fixture f;
  f.google.expect("GET",
                  "https://api.test/calendar/v3/users/me/calendarList?maxResults=250&showDeleted=true&showHidden=true",
                  http_response(200, read_fixture("google/calendar_list_full.json")));
  const auto page = run_task(f.adapter.reader->list_calendars(f.session(), "", ""));
  REQUIRE(page.has_value());
  CHECK(page->changes.size() == 5);
}

TEST_CASE("failures of the line and of Google come back as they are", "[google][adapter]") {
  Fixture f;
  f.google.reply(fail(Failure::timeout, "the deadline passed"))
      .reply(401, R"({"error":{"code":401,"message":"Invalid Credentials","errors":[{"reason":"authError"}]}})")
      .reply(429, "", {{"Retry-After", "Mon, 02 Mar 2026 00:02:00 GMT"}});
  CHECK(run_task(f.adapter.reader->list_events(f.session(), "c", "s", "")).error().failure == Failure::timeout);
  CHECK(run_task(f.adapter.reader->list_calendars(f.session(), "s", "")).error().failure == Failure::token_rejected);
  const auto throttled = run_task(f.adapter.reader->list_events(f.session(), "c", "s", ""));
  REQUIRE_FALSE(throttled.has_value());
  CHECK(throttled.error().failure == Failure::throttled);
  CHECK(throttled.error().retry_after == std::chrono::minutes(2));
}

}  // namespace
}  // namespace calsync::google
