// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/ical_reader.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "tests/support/fixture.hpp"
#include "tests/unit/print_result.hpp"

namespace calsync::calendar {
namespace {

/// "|" ends a line.
std::string file(std::string text) {
  std::replace(text.begin(), text.end(), '|', '\n');
  return text;
}

std::string calendar(const std::string& inside) { return file("BEGIN:VCALENDAR|" + inside + "END:VCALENDAR|"); }

std::string one(const std::string& uid, const std::string& more = {}) {
  return "BEGIN:VEVENT|UID:" + uid + "|DTSTART:20260302T090000Z|" + more + "END:VEVENT|";
}

std::vector<std::string> ids_of(const ParsedCalendar& parsed) {
  std::vector<std::string> ids;
  for (const EventChange& change : parsed.events) {
    const auto* event = std::get_if<Event>(&change);
    ids.push_back(event ? event->external_event_id : "!" + std::get<EventUnreadable>(change).external_event_id);
  }
  return ids;
}

using Ids = std::vector<std::string>;

TEST_CASE("what is no calendar", "[ical][reader]") {
  const std::pair<std::string, std::string> rows[] = {
      {"", "the calendar is empty"},
      {" \r\n\t", "the calendar is empty"},
      {"\xef\xbb\xbf\r\n", "the calendar is empty"},
      {"<html><body>Sign in</body></html>", "this is a web page or XML, not an iCalendar file"},
      {"\xef\xbb\xbf\n <?xml version='1.0'?>", "this is a web page or XML, not an iCalendar file"},
      {"{\"error\":\"gone\"}", "this is not an iCalendar file: it has no BEGIN:VCALENDAR"},
      {"SUMMARY:x", "this is not an iCalendar file: it has no BEGIN:VCALENDAR"}};
  for (const auto& [text, reason] : rows) {
    CAPTURE(text);
    const auto parsed = read_ical(text);
    REQUIRE(parsed.has_error());
    CHECK(parsed.error().failure == Failure::malformed);
    CHECK(parsed.error().message == reason);
  }
}

TEST_CASE("an empty calendar is a valid state", "[ical][reader]") {
  const auto parsed = read_ical(calendar(""));
  REQUIRE(parsed);
  CHECK(parsed->complete);
  CHECK(parsed->events.empty());
  CHECK(parsed->superseded == 0);
}

TEST_CASE("a calendar's name and zone", "[ical][reader]") {
  struct Row {
    std::string head, name, zone;
  };
  const Row rows[] = {{"", "", ""},
                      {"X-WR-CALNAME: Work\\, mine |X-WR-TIMEZONE:europe/paris|", "Work, mine", "Europe/Paris"},
                      {"NAME:New|", "New", ""},
                      {"NAME:New|X-WR-CALNAME:Old|", "Old", ""},
                      {"X-WR-TIMEZONE:Mars|", "", ""}};
  for (const Row& row : rows) {
    CAPTURE(row.head);
    const auto parsed = read_ical(calendar(row.head));
    REQUIRE(parsed);
    CHECK(parsed->name == row.name);
    CHECK(parsed->time_zone == row.zone);
  }
}

TEST_CASE("one odd event does not stop the others", "[ical][reader]") {
  const auto parsed = read_ical(calendar(one("a") + "BEGIN:VEVENT|UID:odd|DTSTART:soon|END:VEVENT|" + one("b")));
  REQUIRE(parsed);
  CHECK(ids_of(*parsed) == Ids{"a", "!odd", "b"});
  CHECK(parsed->complete);
}

TEST_CASE("no TZID is worse than unknown", "[ical][reader]") {
  for (const char* tzid : {"Mars", "Europe", "America/", "..", "/", "posix", "Europe/Paris/x", "tzdata.zi", "zone.tab",
                           "Europe//Paris/"}) {
    CAPTURE(tzid);
    const auto parsed = read_ical(
        calendar("BEGIN:VEVENT|UID:odd|DTSTART;TZID=" + std::string(tzid) + ":20260302T090000|END:VEVENT|" + one("b")));
    REQUIRE(parsed);
    CHECK(ids_of(*parsed) == Ids{"!odd", "b"});
  }
}

TEST_CASE("cut anywhere, a file is not complete and loses no event that began", "[ical][reader]") {
  const std::string whole = calendar("X-WR-CALNAME:Cut|" + one("a") + one("b") + one("c"));
  const std::size_t end = whole.rfind("END:VCALENDAR") + std::string_view("END:VCALENDAR").size();
  for (std::size_t length = std::string_view("BEGIN:VCALENDAR").size(); length < end; ++length) {
    const std::string_view cut = std::string_view(whole).substr(0, length);
    const auto parsed = read_ical(cut);
    if (!parsed) FAIL("cut to " << length << ": " << parsed.error().message);
    if (parsed->complete) FAIL("cut to " << length << " and complete");
    std::size_t began = 0;
    for (auto at = cut.find("BEGIN:VEVENT"); at != std::string_view::npos; at = cut.find("BEGIN:VEVENT", at + 1))
      ++began;
    if (parsed->events.size() + static_cast<std::size_t>(parsed->superseded) != began) FAIL("cut to " << length);
  }
  CHECK(read_ical(whole)->complete);
}

TEST_CASE("several calendars count as one, each with its own zones and method", "[ical][reader]") {
  const std::string floating = "BEGIN:VEVENT|UID:NAME|DTSTART:20260702T090000|END:VEVENT|";
  std::string second = floating;
  second.replace(second.find("NAME"), 4, "second");
  const auto parsed = read_ical(calendar("X-WR-CALNAME:One|X-WR-TIMEZONE:Asia/Tokyo|" + floating) +
                                calendar("X-WR-CALNAME:Two|METHOD:CANCEL|" + second));
  REQUIRE(parsed);
  CHECK(parsed->name == "One");
  CHECK(parsed->time_zone == "Asia/Tokyo");
  REQUIRE(parsed->events.size() == 2);
  const auto& tokyo = std::get<Event>(parsed->events[0]);
  const auto& other = std::get<Event>(parsed->events[1]);
  CHECK(format_rfc3339(*tokyo.start.instant) == "2026-07-02T00:00:00Z");
  CHECK(tokyo.status == Status::confirmed);
  CHECK(format_rfc3339(*other.start.instant) == "2026-07-02T09:00:00Z");
  CHECK(other.status == Status::cancelled);
}

TEST_CASE("times without a zone are read in the caller's", "[ical][reader]") {
  const std::string text = calendar("BEGIN:VEVENT|UID:a|DTSTART:20260702T090000|END:VEVENT|");
  const std::pair<std::string, std::string> rows[] = {{"", "2026-07-02T09:00:00Z"},
                                                      {"Europe/Paris", "2026-07-02T07:00:00Z"},
                                                      {"europe/paris", "2026-07-02T07:00:00Z"},
                                                      {"Mars", "2026-07-02T09:00:00Z"}};
  for (const auto& [zone, instant] : rows) {
    CAPTURE(zone);
    const auto parsed = read_ical(text, {zone, IdSource::uid});
    REQUIRE(parsed);
    CHECK(format_rfc3339(*std::get<Event>(parsed->events.at(0)).start.instant) == instant);
  }
}

TEST_CASE("a stamp of each fetch changes no etag", "[ical][reader]") {
  const auto first = read_ical(calendar(one("a", "DTSTAMP:20260101T000000Z|LAST-MODIFIED:20260101T000000Z|")));
  const auto second = read_ical(calendar(one("a", "DTSTAMP:20260202T000000Z|LAST-MODIFIED:20260202T000000Z|")));
  const auto changed = read_ical(calendar(one("a", "SUMMARY:x|")));
  CHECK(std::get<Event>(first->events.at(0)).etag == std::get<Event>(second->events.at(0)).etag);
  CHECK(std::get<Event>(first->events.at(0)).etag != std::get<Event>(changed->events.at(0)).etag);
}

TEST_CASE("any bytes in the middle of a file are survived", "[ical][reader]") {
  const std::string whole = calendar(one("a", "SUMMARY:x|RRULE:FREQ=DAILY|") + one("b"));
  int without_id = 0;
  int clashes = 0;
  for (std::size_t at = 16; at < whole.size(); ++at) {
    for (const char byte : {'\0', '\n', ':', ';', '"', '\xff', ' ', '9'}) {
      std::string text = whole;
      text[at] = byte;
      const auto parsed = read_ical(text);
      if (!parsed) continue;
      std::set<std::string> ids;
      for (const EventChange& change : parsed->events) {
        const std::string id = std::visit([](const auto& one) { return one.external_event_id; }, change);
        if (id.empty()) ++without_id;
        if (!ids.insert(id).second) ++clashes;
      }
    }
  }
  CHECK(without_id == 0);
  CHECK(clashes == 0);
}

TEST_CASE("the fixtures are read whole", "[ical][reader]") {
  for (const char* name : {"calendars/family.ics", "calendars/work.ics"}) {
    CAPTURE(name);
    const auto parsed = read_ical(testing::read_fixture(name));
    REQUIRE(parsed);
    CHECK(parsed->complete);
    CHECK_FALSE(parsed->events.empty());
    for (const EventChange& change : parsed->events) CHECK(std::holds_alternative<Event>(change));
  }
}

}  // namespace
}  // namespace calsync::calendar
