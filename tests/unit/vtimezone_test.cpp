// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/vtimezone.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "common/base/time.hpp"

namespace calsync::calendar {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

/// The first VTIMEZONE of "BEGIN:VTIMEZONE|…"; "|" ends a line.
std::optional<VtimezoneRules> rules_of(std::string observances) {
  std::string text = "BEGIN:VCALENDAR|BEGIN:VTIMEZONE|TZID:Custom|" + observances + "|END:VTIMEZONE|END:VCALENDAR|";
  std::replace(text.begin(), text.end(), '|', '\n');
  return VtimezoneRules::parse(read_components(text).objects.at(0).time_zones.at(0));
}

std::string observance(const std::string& name, const std::string& from, const std::string& to,
                       const std::string& start, const std::string& more = {}) {
  return "BEGIN:" + name + "|TZOFFSETFROM:" + from + "|TZOFFSETTO:" + to + "|DTSTART:" + start +
         (more.empty() ? "" : "|" + more) + "|END:" + name;
}

std::chrono::sys_seconds at(std::string_view text) { return std::chrono::floor<seconds>(parse_rfc3339(text).value()); }

/// As Exchange writes it.
const std::string central_europe =
    observance("STANDARD", "+0200", "+0100", "16010101T030000", "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10") +
    "|" +
    observance("DAYLIGHT", "+0100", "+0200", "16010101T020000", "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3");

TEST_CASE("the offsets that a calendar's own zone describes", "[zones][vtimezone]") {
  struct Row {
    std::string observances, instant;
    seconds offset;
  };
  const std::string until =
      observance("STANDARD", "+0200", "+0100", "20001029T030000", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU") + "|" +
      observance("DAYLIGHT", "+0100", "+0200", "20000326T020000",
                 "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;UNTIL=20100328T010000Z");
  const std::string dates =
      observance("DAYLIGHT", "+0300", "+0400", "20260401T000000", "RDATE:20270501T000000,20280601T000000") + "|" +
      observance("STANDARD", "+0400", "+0300", "20261001T000000", "RDATE:20271001T000000");
  const auto row = GENERATE_COPY(values<Row>({
      {central_europe, "2026-03-29T00:59:59Z", 1h},
      {central_europe, "2026-03-29T01:00:00Z", 2h},
      {central_europe, "2026-10-25T00:59:59Z", 2h},
      {central_europe, "2026-10-25T01:00:00Z", 1h},
      {central_europe, "2026-01-01T00:00:00Z", 1h},
      {central_europe, "9000-07-01T00:00:00Z", 2h},
      {observance("STANDARD", "+0530", "+0530", "19700101T000000"), "2026-07-01T00:00:00Z", 5h + 30min},
      // Before the first onset: what it came from.
      {observance("STANDARD", "-0400", "-0500", "20200101T000000"), "2019-12-31T00:00:00Z", -4h},
      {observance("STANDARD", "-0400", "-0500", "20200101T000000"), "2020-01-01T04:00:00Z", -5h},
      // Without TZOFFSETFROM.
      {"BEGIN:STANDARD|TZOFFSETTO:+0300|DTSTART:20200101T000000|END:STANDARD", "2000-01-01T00:00:00Z", 3h},
      {until, "2010-07-01T00:00:00Z", 2h},
      {until, "2011-07-01T00:00:00Z", 1h},
      {until, "2000-01-01T00:00:00Z", 1h},
      {dates, "2026-06-01T00:00:00Z", 4h},
      {dates, "2027-04-01T00:00:00Z", 3h},
      {dates, "2027-06-01T00:00:00Z", 4h},
      {dates, "2028-05-01T00:00:00Z", 3h},
      {dates, "2029-01-01T00:00:00Z", 4h},
      // The second Sunday, as the days 8 to 14; a fixed day of the month.
      {observance("DAYLIGHT", "-0500", "-0400", "19700308T020000",
                  "RRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=8,9,10,11,12,13,14;BYDAY=SU") +
           "|" + observance("STANDARD", "-0400", "-0500", "19701101T020000", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU"),
       "2026-03-08T07:00:00Z", -4h},
      {observance("DAYLIGHT", "+0330", "+0430", "20000321T000000", "RRULE:FREQ=YEARLY") + "|" +
           observance("STANDARD", "+0430", "+0330", "20000921T000000", "RRULE:FREQ=YEARLY"),
       "2026-03-20T20:30:00Z", 4h + 30min},
      // A rule that is not yearly has the onsets that are written out.
      {observance("STANDARD", "+0100", "+0200", "20260101T000000", "RRULE:FREQ=SECONDLY"), "2026-07-01T00:00:00Z", 2h},
      {observance("STANDARD", "+0100", "+0200", "20260101T000000", "RRULE:FREQ=YEARLY;BYHOUR=3"),
       "2030-07-01T00:00:00Z", 2h},
      // One observance without sense does not spoil the others.
      {observance("DAYLIGHT", "+0100", "later", "20200101T000000") + "|" +
           observance("STANDARD", "+0100", "+0100", "20000101T000000"),
       "2026-01-01T00:00:00Z", 1h},
  }));
  CAPTURE(row.observances, row.instant);
  const auto rules = rules_of(row.observances);
  REQUIRE(rules);
  CHECK(rules->offset_at(at(row.instant)) == row.offset);
}

TEST_CASE("a zone without a usable observance", "[zones][vtimezone]") {
  for (const std::string& text : {std::string("X-A:1"), observance("STANDARD", "+0100", "", "20200101T000000"),
                                  observance("STANDARD", "+0100", "+0100", "never"),
                                  observance("X-OTHER", "+0100", "+0100", "20200101T000000")}) {
    CAPTURE(text);
    CHECK_FALSE(rules_of(text));
  }
}

TEST_CASE("thousands of observances cost little", "[zones][vtimezone]") {
  std::string text;
  for (int i = 0; i < 5000; ++i)
    text += observance("STANDARD", "+0100", "+0200", "20200101T000000", "RRULE:FREQ=YEARLY") + "|";
  const auto rules = rules_of(text);
  REQUIRE(rules);
  CHECK(rules->offset_at(at("2026-07-01T00:00:00Z")) == 2h);
}

TEST_CASE("the IANA zone whose clocks agree", "[zones][vtimezone]") {
  const auto from = at("2026-01-01T00:00:00Z");
  CHECK(equivalent_zone(*rules_of(central_europe), from) == "Europe/Berlin");
  CHECK(equivalent_zone(*rules_of(observance("STANDARD", "+0530", "+0530", "19700101T000000")), from) ==
        "Asia/Kolkata");
  CHECK(equivalent_zone(*rules_of(observance("STANDARD", "+0123", "+0123", "19700101T000000")), from).empty());
}

}  // namespace
}  // namespace calsync::calendar
