// SPDX-License-Identifier: Apache-2.0
#include "common/providers/ics/feed_cursor.hpp"

#include <catch2/catch.hpp>

namespace calsync::ics {
namespace {

calendar::ParsedCalendar parsed(int events, const std::string& salt, int from = 0) {
  calendar::ParsedCalendar result;
  for (int i = from; i < from + events; ++i) {
    calendar::Event event;
    event.title = "event " + std::to_string(i);
    event.ical_uid = std::to_string(i) + salt;
    event.start.instant = Time(std::chrono::hours(i));
    result.events.emplace_back(std::move(event));
  }
  return result;
}

TEST_CASE("a feed's cursor is read back as it was written", "[ics][cursor]") {
  FeedCursor cursor;
  cursor.etag = "W/\"a\\b\"";
  cursor.last_modified = "Mon, 02 Mar 2026 00:00:00 GMT";
  cursor.digest = "0123";
  cursor.ids = calendar::IdSource::content;
  cursor.sample = {{"c1", "u1"}, {"c2", "u2"}};
  const FeedCursor read = parse_feed_cursor(dump_feed_cursor(cursor));
  CHECK(read.etag == cursor.etag);
  CHECK(read.last_modified == cursor.last_modified);
  CHECK(read.digest == cursor.digest);
  CHECK(read.ids == cursor.ids);
  CHECK(read.sample == cursor.sample);
  CHECK(parse_feed_cursor(dump_feed_cursor({})).ids == calendar::IdSource::uid);
}

TEST_CASE("anything unreadable is a cursor that remembers nothing", "[ics][cursor]") {
  for (const char* text : {"", "{", "null", "[]", "7", "1", "\"x\"", "\xff", R"({"etag":7,"ids":true,"uids":[]})",
                           R"({"uids":{"c":7,"d":null}})"}) {
    CAPTURE(text);
    const FeedCursor cursor = parse_feed_cursor(text);
    CHECK(cursor.etag.empty());
    CHECK(cursor.last_modified.empty());
    CHECK(cursor.digest.empty());
    CHECK(cursor.ids == calendar::IdSource::uid);
    CHECK(cursor.sample.empty());
  }
}

TEST_CASE("which validators are worth keeping", "[ics][cursor]") {
  struct Row {
    std::vector<net::Header> headers;
    std::string etag, last_modified;
  };
  const std::string modified = "Mon, 02 Mar 2026 00:00:00 GMT";
  const Row rows[] = {{{}, "", ""},
                      {{{"ETag", "\"a\""}}, "\"a\"", ""},
                      {{{"ETag", "W/\"a\""}}, "W/\"a\"", ""},
                      {{{"Last-Modified", modified}, {"Date", "Mon, 02 Mar 2026 00:00:02 GMT"}}, "", modified},
                      {{{"last-modified", modified}, {"date", "Tue, 03 Mar 2026 00:00:00 GMT"}}, "", modified},
                      {{{"Last-Modified", modified}, {"Date", "Mon, 02 Mar 2026 00:00:01 GMT"}}, "", ""},
                      {{{"Last-Modified", modified}, {"Date", modified}}, "", ""},
                      {{{"Last-Modified", modified}, {"Date", "Sun, 01 Mar 2026 00:00:00 GMT"}}, "", ""},
                      {{{"Last-Modified", modified}}, "", ""},
                      {{{"Last-Modified", "yesterday"}, {"Date", modified}}, "", ""}};
  for (const Row& row : rows) {
    FeedCursor cursor;
    cursor.etag = "old";
    cursor.last_modified = "old";
    remember_validators(cursor, {200, row.headers, {}, {}});
    CHECK(cursor.etag == row.etag);
    CHECK(cursor.last_modified == row.last_modified);
  }
}

TEST_CASE("a sample is small and the same whatever else comes or goes", "[ics][cursor]") {
  const UidSample few = sample_uids(parsed(3, "-a"));
  CHECK(few.size() == 3);
  const UidSample many = sample_uids(parsed(500, "-a"));
  CHECK(many.size() == 8);
  const UidSample more = sample_uids(parsed(501, "-a"));
  std::size_t common = 0;
  for (const auto& [content, uid] : many) common += more.contains(content) ? 1 : 0;
  CHECK(common >= 7);
}

TEST_CASE("events that prove nothing are left out of a sample", "[ics][cursor]") {
  calendar::ParsedCalendar calendar = parsed(1, "-a");
  calendar::Event twin;
  twin.title = "twin";
  twin.ical_uid = "t1";
  for (const char* uid : {"t1", "t2", "t3"}) {
    twin.ical_uid = uid;
    calendar.events.emplace_back(twin);
  }
  calendar::Event nameless;
  nameless.title = "no uid";
  calendar.events.emplace_back(nameless);
  calendar::Event exception;
  exception.ical_uid = "e";
  exception.recurring_event_id = "m";
  calendar.events.emplace_back(exception);
  calendar.events.emplace_back(calendar::EventUnreadable{"x", "x", {}, {}, {}});
  CHECK(sample_uids(calendar) == sample_uids(parsed(1, "-a")));
}

TEST_CASE("when UIDs are made up", "[ics][cursor]") {
  const UidSample a = sample_uids(parsed(5, "-a"));
  const UidSample b = sample_uids(parsed(5, "-b"));
  CHECK(uids_are_made_up(a, b));
  CHECK_FALSE(uids_are_made_up(a, a));
  CHECK_FALSE(uids_are_made_up({}, b));
  CHECK_FALSE(uids_are_made_up(a, {}));
  CHECK_FALSE(uids_are_made_up(a, sample_uids(parsed(5, "-b", 100))));
  // One that kept its UID is enough.
  UidSample mixed = b;
  mixed.begin()->second = a.begin()->second;
  CHECK_FALSE(uids_are_made_up(a, mixed));
}

}  // namespace
}  // namespace calsync::ics
