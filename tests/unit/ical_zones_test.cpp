// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/ical_zones.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/unit/print_result.hpp"

namespace calsync::calendar {
namespace {

using namespace std::chrono_literals;

/// A calendar with these lines in its head; "|" ends a line.
struct Fixture {
  IcalStream stream;
  IcalZones zones;
  explicit Fixture(const std::string& head, std::string default_zone = {})
      : stream(read(head)), zones(stream.objects.at(0), std::move(default_zone)) {}
  static IcalStream read(std::string text) {
    text = "BEGIN:VCALENDAR|" + text + (text.empty() ? "" : "|") + "END:VCALENDAR|";
    std::replace(text.begin(), text.end(), '|', '\n');
    return read_components(text);
  }
  Result<PlacedTime> place(const std::string& line) { return zones.place(parse_content_line(line).value()); }
};

std::string definition(const std::string& tzid, const std::string& offset, const std::string& more = {}) {
  return "BEGIN:VTIMEZONE|TZID:" + tzid + more + "|BEGIN:STANDARD|DTSTART:19700101T000000|TZOFFSETFROM:" + offset +
         "|TZOFFSETTO:" + offset + "|END:STANDARD|END:VTIMEZONE";
}

TEST_CASE("which zone a TZID means", "[ical][zones]") {
  struct Row {
    std::string head, line, instant, zone;
  };
  const auto row = GENERATE(values<Row>({
      {"", "DTSTART:20260702T090000Z", "2026-07-02T09:00:00Z", ""},
      {"", "DTSTART;TZID=Europe/Paris:20260702T090000Z", "2026-07-02T09:00:00Z", ""},
      {"", "DTSTART;TZID=Europe/Paris:20260702T090000", "2026-07-02T07:00:00Z", "Europe/Paris"},
      {"", "DTSTART;TZID=\"europe/paris\":20260702T090000", "2026-07-02T07:00:00Z", "Europe/Paris"},
      {"", "DTSTART;TZID=W. Europe Standard Time:20260702T090000", "2026-07-02T07:00:00Z", "Europe/Berlin"},
      // The system's tables win over what the file says of the same zone.
      {definition("Europe/Paris", "+0900"), "DTSTART;TZID=Europe/Paris:20260702T090000", "2026-07-02T07:00:00Z",
       "Europe/Paris"},
      {definition("Mine", "+0900", "|X-LIC-LOCATION:America/New_York"), "DTSTART;TZID=Mine:20260702T090000",
       "2026-07-02T13:00:00Z", "America/New_York"},
      {definition("Mine", "+0530"), "DTSTART;TZID=Mine:20260702T090000", "2026-07-02T03:30:00Z", "Asia/Kolkata"},
      {definition("Mine", "+0123"), "DTSTART;TZID=Mine:20260702T090000", "2026-07-02T07:37:00Z", ""},
      {definition("GMT+0300", "+0530"), "DTSTART;TZID=GMT+0300:20260702T090000", "2026-07-02T03:30:00Z",
       "Asia/Kolkata"},
      {"", "DTSTART;TZID=GMT+0300:20260702T090000", "2026-07-02T06:00:00Z", "Etc/GMT-3"},
      {"X-WR-TIMEZONE:Asia/Tokyo", "DTSTART;TZID=Mars/Olympus:20260702T090000", "2026-07-02T00:00:00Z", "Asia/Tokyo"},
      // Without a TZID.
      {"", "DTSTART:20260702T090000", "2026-07-02T09:00:00Z", "UTC"},
      {"", "DTSTART;TZID=:20260702T090000", "2026-07-02T09:00:00Z", "UTC"},
      {"X-WR-TIMEZONE:Asia/Tokyo", "DTSTART:20260702T090000", "2026-07-02T00:00:00Z", "Asia/Tokyo"},
      {definition("Europe/Paris", "+0100"), "DTSTART:20260702T090000", "2026-07-02T07:00:00Z", "Europe/Paris"},
      {definition("Europe/Paris", "+0100") + "|" + definition("Asia/Tokyo", "+0900"), "DTSTART:20260702T090000",
       "2026-07-02T09:00:00Z", "UTC"},
  }));
  CAPTURE(row.head, row.line);
  Fixture f(row.head);
  const auto placed = f.place(row.line);
  REQUIRE(placed);
  CHECK(format_rfc3339(placed->time.instant.value()) == row.instant);
  CHECK(placed->time.time_zone == row.zone);
}

TEST_CASE("the caller's zone is used after the file's name and before its only definition", "[ical][zones]") {
  CHECK(Fixture("", "Europe/Lisbon").zones.floating() == "Europe/Lisbon");
  CHECK(Fixture("X-WR-TIMEZONE:Asia/Tokyo", "Europe/Lisbon").zones.floating() == "Asia/Tokyo");
  Fixture f(definition("Europe/Paris", "+0100"), "Europe/Lisbon");
  CHECK(f.zones.floating() == "Europe/Lisbon");
  CHECK(f.zones.declared() == "Europe/Paris");
  CHECK(Fixture("").zones.declared().empty());
  CHECK(Fixture("").zones.floating() == "UTC");
  CHECK(Fixture("X-WR-TIMEZONE:Romance Standard Time").zones.declared() == "Europe/Paris");
  CHECK(Fixture("X-WR-TIMEZONE:Mars").zones.declared().empty());
}

TEST_CASE("dates have no zone", "[ical][zones]") {
  for (const char* line : {"DTSTART;VALUE=DATE:20260702", "DTSTART:20260702", "DTSTART;TZID=Europe/Paris:20260702",
                           "DTSTART;VALUE=DATE:20260702T220000Z", "DTSTART;TZID=Mars/Olympus;VALUE=DATE:20260702"}) {
    CAPTURE(line);
    Fixture f("X-WR-TIMEZONE:Asia/Tokyo");
    const auto placed = f.place(line);
    REQUIRE(placed);
    CHECK(format_date(placed->time.date.value()) == "2026-07-02");
    CHECK_FALSE(placed->time.instant);
    CHECK(placed->time.time_zone.empty());
    CHECK_FALSE(placed->zone);
  }
}

TEST_CASE("times that cannot be placed", "[ical][zones]") {
  const std::pair<std::string, std::string> rows[] = {
      {"DTSTART:soon", "its DTSTART is not a date or date-time"},
      {"DTEND;TZID=Mars/Olympus:20260702T090000", "the time zone of its DTEND is not known: Mars/Olympus"},
      {"DTSTART;TZID=Asia/Tokyo:00010101T000000", "its DTSTART is out of range"},
      {"DTSTART;TZID=America/New_York:99991231T235959", "its DTSTART is out of range"},
      {"DTSTART:99991231T240000Z", "its DTSTART is not a date or date-time"}};
  for (const auto& [line, reason] : rows) {
    CAPTURE(line);
    Fixture f("");
    const auto placed = f.place(line);
    REQUIRE(placed.has_error());
    CHECK(placed.error().failure == Failure::malformed);
    CHECK(placed.error().message == reason);
  }
  Fixture f("");
  const auto placed =
      f.place("DTSTART;TZID=" + std::string(59, 'x') + "\xc3\xa9" + std::string(5000, 'x') + ":20260702T090000");
  REQUIRE(placed.has_error());
  CHECK(placed.error().message == "the time zone of its DTSTART is not known: " + std::string(59, 'x') + "…");
}

TEST_CASE("days are the calendar's, hours the clock's", "[ical][zones]") {
  struct Row {
    std::string line;
    IcalDuration duration;
    std::string end;
  };
  using std::chrono::days;
  const Row rows[] = {{"A;TZID=Europe/Paris:20260328T120000", {days(1), 0s}, "2026-03-29T10:00:00Z"},
                      {"A;TZID=Europe/Paris:20260328T120000", {days(0), 24h}, "2026-03-29T11:00:00Z"},
                      {"A;TZID=Europe/Paris:20261024T120000", {days(1), 0s}, "2026-10-25T11:00:00Z"},
                      {"A;TZID=Europe/Paris:20260328T023000", {days(1), 1h}, "2026-03-29T02:30:00Z"},
                      {"A:20260328T120000Z", {days(1), 1h}, "2026-03-29T13:00:00Z"}};
  for (const Row& row : rows) {
    CAPTURE(row.line);
    Fixture f("");
    const EventTime end = f.place(row.line).value().after(row.duration);
    CHECK(format_rfc3339(end.instant.value()) == row.end);
  }
  Fixture f("");
  const PlacedTime date = f.place("A:20260228").value();
  CHECK(format_date(date.after({days(1), 0s}).date.value()) == "2026-03-01");
  CHECK(format_date(date.after({days(0), 24h}).date.value()) == "2026-03-01");
  CHECK(format_date(date.after({days(0), 1h}).date.value()) == "2026-03-01");
}

}  // namespace
}  // namespace calsync::calendar
