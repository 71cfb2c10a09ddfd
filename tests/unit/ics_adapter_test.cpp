// SPDX-License-Identifier: Apache-2.0
#include "common/providers/ics/ics_adapter.hpp"

#include <catch2/catch.hpp>

#include "common/providers/ics/feed_cursor.hpp"
#include "tests/support/fake_transport.hpp"
#include "tests/support/run_task.hpp"
#include "tests/unit/print_result.hpp"

namespace calsync::ics {
namespace {

using namespace std::chrono_literals;
using testing::FakeTransport;
using testing::run_task;
using Page = providers::Page<providers::EventChange>;

const std::string secret = "private-4711";

std::string event(const std::string& uid, const std::string& title, int day) {
  return "BEGIN:VEVENT\r\nUID:" + uid + "\r\nSUMMARY:" + title + "\r\nDTSTART;VALUE=DATE:202603" + std::to_string(day) +
         "\r\nEND:VEVENT\r\n";
}

std::string feed(const std::string& inside) {
  return "BEGIN:VCALENDAR\r\nX-WR-CALNAME:Bookings\r\nX-WR-TIMEZONE:Europe/Paris\r\n" + inside + "END:VCALENDAR\r\n";
}

struct Fixture {
  testing::VirtualClock clock;
  FakeTransport web;
  Options options{};
  std::string url = "https://feeds.test/" + secret + ".ics";

  Result<Page> read(const std::string& cursor = {}) {
    const providers::Adapter adapter = make_ics_adapter(web, options, clock);
    return run_task(adapter.reader->list_events({Secret(url), "", Deadline(clock, 30s)}, "feed", cursor, ""));
  }
  std::string sent(std::string_view name) const {
    for (const auto& [key, value] : web.sent().back().headers) {
      if (key == name) return value;
    }
    return {};
  }
};

std::vector<std::string> ids_of(const Page& page) {
  std::vector<std::string> ids;
  for (const auto& change : page.changes) {
    if (const auto* one = std::get_if<calendar::Event>(&change)) ids.push_back(one->external_event_id);
  }
  return ids;
}

TEST_CASE("the adapter is called ics and needs no OAuth", "[ics][adapter]") {
  Fixture f;
  const providers::Adapter adapter = make_ics_adapter(f.web, {}, f.clock);
  CHECK(adapter.name == "ics");
  CHECK(adapter.reader != nullptr);
  CHECK(adapter.authorizer == nullptr);
}

TEST_CASE("a feed is one calendar, which nothing has to be asked for", "[ics][adapter]") {
  Fixture f;
  const providers::Adapter adapter = make_ics_adapter(f.web, {}, f.clock);
  const providers::Session session{Secret(f.url), "", Deadline(f.clock, 30s)};
  const auto first = run_task(adapter.reader->list_calendars(session, "", ""));
  REQUIRE(first.has_value());
  CHECK(first->snapshot);
  REQUIRE(first->changes.size() == 1);
  CHECK(std::get<providers::Calendar>(first->changes[0]).external_calendar_id == "feed");
  CHECK_FALSE(first->next_cursor.empty());
  const auto second = run_task(adapter.reader->list_calendars(session, first->next_cursor, ""));
  REQUIRE(second.has_value());
  CHECK(second->changes.empty());
  CHECK_FALSE(second->snapshot);
}

TEST_CASE("a first read is a snapshot with the feed's name and zone", "[ics][adapter]") {
  Fixture f;
  f.web.expect("GET", f.url, testing::http_response(200, feed(event("a", "x", 10) + event("b", "y", 11))));
  const auto page = f.read();
  REQUIRE(page);
  CHECK(page->snapshot);
  CHECK(ids_of(*page) == std::vector<std::string>{"a", "b"});
  CHECK(page->next_page.empty());
  CHECK_FALSE(page->next_cursor.empty());
  REQUIRE(page->about);
  CHECK(page->about->external_calendar_id == "feed");
  CHECK(page->about->name == "Bookings");
  CHECK(page->about->time_zone == "Europe/Paris");
  const net::HttpRequest& request = f.web.sent().at(0);
  CHECK(request.follow_redirects);
  CHECK(request.max_body == f.options.max_bytes);
  CHECK(request.authorization.empty());
  CHECK(f.sent("If-None-Match").empty());
  CHECK(f.sent("If-Modified-Since").empty());
  CHECK(page->next_cursor.find(secret) == std::string::npos);
}

TEST_CASE("validators are sent back to the letter, and 304 changes nothing", "[ics][adapter]") {
  Fixture f;
  const std::string modified = "Sun, 01 Mar 2026 00:00:00 GMT";
  f.web
      .reply(200, feed(event("a", "x", 10)),
             {{"ETag", "W/\"v 1\""}, {"Last-Modified", modified}, {"Date", "Mon, 02 Mar 2026 00:00:00 GMT"}})
      .reply(304, "")
      .reply(304, "");
  const auto first = f.read();
  REQUIRE(first);
  const auto second = f.read(first->next_cursor);
  REQUIRE(second);
  CHECK(f.sent("If-None-Match") == "W/\"v 1\"");
  CHECK(f.sent("If-Modified-Since") == modified);
  CHECK_FALSE(second->snapshot);
  CHECK(second->changes.empty());
  CHECK_FALSE(second->about);
  CHECK(second->next_cursor == first->next_cursor);
  REQUIRE(f.read(second->next_cursor));
  CHECK(f.sent("If-None-Match") == "W/\"v 1\"");
}

TEST_CASE("a Last-Modified of the same second is not trusted", "[ics][adapter]") {
  Fixture f;
  const std::string modified = "Mon, 02 Mar 2026 00:00:00 GMT";
  f.web.reply(200, feed(""), {{"Last-Modified", modified}, {"Date", modified}}).reply(200, feed(""));
  REQUIRE(f.read(f.read()->next_cursor));
  CHECK(f.sent("If-Modified-Since").empty());
}

TEST_CASE("a 304 that nobody asked for is refused", "[ics][adapter]") {
  Fixture f;
  f.web.reply(304, "");
  CHECK(f.read().error().failure == Failure::rejected);
}

TEST_CASE("the same bytes again are no change, other bytes are a snapshot", "[ics][adapter]") {
  Fixture f;
  f.web.reply(200, feed(event("a", "x", 10)), {{"ETag", "\"1\""}})
      .reply(200, feed(event("a", "x", 10)), {{"ETag", "\"2\""}})
      .reply(200, feed(event("a", "z", 10)));
  const auto first = f.read();
  REQUIRE(first);
  const auto same = f.read(first->next_cursor);
  REQUIRE(same);
  CHECK_FALSE(same->snapshot);
  CHECK(same->changes.empty());
  CHECK(parse_feed_cursor(same->next_cursor).etag == "\"2\"");
  const auto other = f.read(same->next_cursor);
  REQUIRE(other);
  CHECK(f.sent("If-None-Match") == "\"2\"");
  CHECK(other->snapshot);
  CHECK(ids_of(*other) == std::vector<std::string>{"a"});
  CHECK(parse_feed_cursor(other->next_cursor).etag.empty());
}

TEST_CASE("an empty calendar is a snapshot of nothing", "[ics][adapter]") {
  Fixture f;
  f.web.reply(200, feed(event("a", "x", 10))).reply(200, feed(""));
  const auto page = f.read(f.read()->next_cursor);
  REQUIRE(page);
  CHECK(page->snapshot);
  CHECK(page->changes.empty());
}

TEST_CASE("a feed that makes up UIDs is known by its content from then on", "[ics][adapter]") {
  Fixture f;
  const auto body = [](const std::string& salt) {
    return feed(event("1" + salt, "x", 10) + event("2" + salt, "y", 11));
  };
  f.web.reply(200, body("-a")).reply(200, body("-b")).reply(200, body("-c")).reply(200, body("-c"));
  const auto first = f.read();
  REQUIRE(first);
  CHECK(ids_of(*first) == std::vector<std::string>{"1-a", "2-a"});
  const auto second = f.read(first->next_cursor);
  REQUIRE(second);
  CHECK(second->snapshot);
  REQUIRE(ids_of(*second).size() == 2);
  for (const std::string& id : ids_of(*second)) CHECK(id.starts_with("content-"));
  const auto third = f.read(second->next_cursor);
  REQUIRE(third);
  CHECK(ids_of(*third) == ids_of(*second));
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(std::get<calendar::Event>(third->changes[i]).etag == std::get<calendar::Event>(second->changes[i]).etag);
  }
  const auto fourth = f.read(third->next_cursor);
  REQUIRE(fourth);
  CHECK_FALSE(fourth->snapshot);
  CHECK(parse_feed_cursor(fourth->next_cursor).ids == calendar::IdSource::content);
}

TEST_CASE("what is not a whole calendar changes nothing", "[ics][adapter]") {
  const std::string whole = feed(event("a", "x", 10));
  for (const std::string& body :
       {std::string(), std::string("<html>Sign in</html>"), std::string("{}"), whole.substr(0, whole.size() - 4),
        whole.substr(0, whole.find("END:VEVENT")), whole.substr(0, whole.rfind("END:VCALENDAR"))}) {
    CAPTURE(body);
    Fixture f;
    f.web.reply(200, body, {{"ETag", "\"1\""}});
    const auto page = f.read();
    REQUIRE(page.has_error());
    CHECK(page.error().failure == Failure::malformed);
    CHECK(page.error().message.find(secret) == std::string::npos);
  }
}

TEST_CASE("what a status means", "[ics][adapter]") {
  struct Row {
    int status;
    std::string retry_after;
    Failure failure;
    std::optional<std::chrono::seconds> wait;
  };
  const auto row = GENERATE(values<Row>({
      {429, "120", Failure::throttled, 120s},
      {429, "", Failure::throttled, {}},
      {429, "Mon, 02 Mar 2026 00:02:00 GMT", Failure::throttled, 120s},
      {429, "soon", Failure::throttled, {}},
      {500, "", Failure::unavailable, {}},
      {502, "", Failure::unavailable, {}},
      {503, "3600", Failure::unavailable, 3600s},
      {401, "", Failure::rejected, {}},
      {403, "", Failure::rejected, {}},
      {404, "", Failure::rejected, {}},
      {410, "", Failure::rejected, {}},
      {400, "", Failure::rejected, {}},
      {204, "", Failure::rejected, {}},
      {206, "", Failure::rejected, {}},
      {302, "", Failure::rejected, {}},
  }));
  CAPTURE(row.status);
  Fixture f;
  std::vector<net::Header> headers;
  if (!row.retry_after.empty()) headers.emplace_back("Retry-After", row.retry_after);
  f.web.reply(row.status, feed(event("a", "x", 10)), headers);
  const auto page = f.read(R"({"etag":"\"1\"","digest":"x"})");
  REQUIRE(page.has_error());
  CHECK(page.error().failure == row.failure);
  CHECK(page.error().retry_after == row.wait);
  CHECK(page.error().message.find(std::to_string(row.status)) != std::string::npos);
  CHECK(page.error().message.find(secret) == std::string::npos);
}

TEST_CASE("failures of the line come back as they are; a missing address is a bug", "[ics][adapter]") {
  Fixture f;
  f.web.reply(fail(Failure::timeout, "the deadline passed"));
  CHECK(f.read().error().failure == Failure::timeout);
  f.url.clear();
  CHECK(f.read().error().failure == Failure::internal);
}

TEST_CASE("webcal addresses are web addresses", "[ics][adapter]") {
  Fixture f;
  f.url = "webcal://feeds.test/a.ics?key=1";
  f.web.expect("GET", "https://feeds.test/a.ics?key=1", testing::http_response(200, feed("")))
      .expect("GET", "http://feeds.test/a.ics?key=1", testing::http_response(200, feed("")));
  CHECK(f.read().has_value());
  f.options.allow_insecure = true;
  f.options.max_bytes = 1000;
  CHECK(f.read().has_value());
  CHECK(f.web.sent().back().max_body == 1000);
}

}  // namespace
}  // namespace calsync::ics
