// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/ical_values.hpp"

#include <catch2/catch.hpp>

namespace calsync::calendar {
namespace {

using namespace std::chrono_literals;

TEST_CASE("dates and times in every shape", "[ical][values]") {
  struct Row {
    std::string value, wall;
    bool is_date = false;
    bool utc = false;
  };
  const auto row = GENERATE(values<Row>({
      {"20260302", "2026-03-02T00:00:00Z", true},
      {" 20260302 ", "2026-03-02T00:00:00Z", true},
      {"2026-03-02", "2026-03-02T00:00:00Z", true},
      {"20240229", "2024-02-29T00:00:00Z", true},
      {"00010101", "0001-01-01T00:00:00Z", true},
      {"99991231", "9999-12-31T00:00:00Z", true},
      {"20260302T090000", "2026-03-02T09:00:00Z"},
      {"20260302T090000Z", "2026-03-02T09:00:00Z", false, true},
      {"20260302t090000z", "2026-03-02T09:00:00Z", false, true},
      {"20260302T0900", "2026-03-02T09:00:00Z"},
      {"20260302T0900Z", "2026-03-02T09:00:00Z", false, true},
      {"2026-03-02T09:00:00", "2026-03-02T09:00:00Z"},
      {"2026-03-02T09:00:00.123Z", "2026-03-02T09:00:00Z", false, true},
      {"2026-03-02T09:00", "2026-03-02T09:00:00Z"},
      {"20260302T240000", "2026-03-03T00:00:00Z"},
      {"20261231T240000Z", "2027-01-01T00:00:00Z", false, true},
      {"20161231T235960Z", "2016-12-31T23:59:59Z", false, true},
      {"99991231T235959Z", "9999-12-31T23:59:59Z", false, true},
  }));
  CAPTURE(row.value);
  const auto moment = parse_moment(row.value);
  REQUIRE(moment);
  CHECK(format_rfc3339(moment->wall) == row.wall);
  CHECK(moment->is_date == row.is_date);
  CHECK(moment->utc == row.utc);
  CHECK(format_date(moment->date()) == row.wall.substr(0, 10));
}

TEST_CASE("what is no date or time", "[ical][values]") {
  for (const char* value :
       {"", "T", "Z", "2026", "2026030", "20260302Z", "20260230", "20261301", "20260100", "20250229", "00000101",
        "20260302T", "20260302T09", "20260302T250000", "20260302T240001", "20260302T096000", "20260302T090061",
        "20260302T0900000", "20260302 090000", "20260302T090000+0100", "2026-03-02T09:00:00+01:00", "tomorrow",
        "20260302T09000x", "2026030２T090000", "-20260302", "20260302T090000ZZ", "20260302,20260303",
        // Midnight at the end of the last day lies in the year 10000.
        "99991231T240000", "99991231T240000Z"}) {
    CAPTURE(value);
    CHECK_FALSE(parse_moment(value));
  }
}

TEST_CASE("durations: days of the calendar, and exact time", "[ical][values]") {
  struct Row {
    std::string value;
    int days;
    std::chrono::seconds exact;
  };
  const auto row = GENERATE(values<Row>({
      {"P1D", 1, 0s},
      {"P1W", 7, 0s},
      {"P7W", 49, 0s},
      {"PT1H", 0, 1h},
      {"PT24H", 0, 24h},
      {"PT90M", 0, 90min},
      {"PT1H30M15S", 0, 1h + 30min + 15s},
      {"PT1H15S", 0, 1h + 15s},
      {"P1DT12H", 1, 12h},
      {"P1DT0H0M0S", 1, 0s},
      {"P1DT", 1, 0s},
      {"P1W2DT3H", 9, 3h},
      {"PT0S", 0, 0s},
      {"+P1D", 1, 0s},
      {"-PT15M", 0, -15min},
      {"-P1DT1H", -1, -1h},
      {" pt1h ", 0, 1h},
      {"P366000D", 366000, 0s},
  }));
  CAPTURE(row.value);
  const auto duration = parse_duration(row.value);
  REQUIRE(duration);
  CHECK(duration->days.count() == row.days);
  CHECK(duration->exact == row.exact);
}

TEST_CASE("what is no duration, or too long a one", "[ical][values]") {
  for (const char* value : {"",
                            "P",
                            "PT",
                            "-",
                            "1D",
                            "P1",
                            "PD",
                            "P1H",
                            "PT1D",
                            "PT1W",
                            "P1Y",
                            "P1M",
                            "P1.5D",
                            "P1DT1HT1M",
                            "P 1D",
                            "--P1D",
                            "P366001D",
                            "P52286W",
                            "PT999999999H",
                            "PT9999999999S",
                            "P99999999999999999999D"}) {
    CAPTURE(value);
    CHECK_FALSE(parse_duration(value));
  }
}

TEST_CASE("offsets from UTC", "[ical][values]") {
  const std::pair<const char*, std::chrono::seconds> rows[] = {
      {"+0000", 0s},  {"-0000", 0s},        {"+0130", 90min},         {"-0500", -5h},          {"-080000", -8h},
      {"+01:00", 1h}, {"+00:19:32", 1172s}, {"-235959", -(24h - 1s)}, {" +0545 ", 5h + 45min}, {"+1400", 14h}};
  for (const auto& [value, offset] : rows) {
    CAPTURE(value);
    CHECK(parse_utc_offset(value) == offset);
  }
  for (const char* wrong :
       {"", "+", "+1", "+01", "+010", "+01000", "+2400", "-9900", "+01x0", "Z", "+-0100", "+0100000"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_utc_offset(wrong));
  }
}

TEST_CASE("rules that can be expanded", "[ical][values]") {
  for (const char* rule : {"FREQ=DAILY", "freq=weekly;byday=mo,we", "FREQ=MONTHLY;BYDAY=-1FR;COUNT=3",
                           "FREQ=YEARLY;BYMONTH=3;BYDAY=2SU;UNTIL=20301231T235959Z", "FREQ=WEEKLY;UNTIL=20301231",
                           "FREQ=DAILY;COUNT=3;UNTIL=20301231", "FREQ=DAILY;;INTERVAL=2;", "FREQ=DAILY; X-FOO=1",
                           "INTERVAL=2;FREQ=WEEKLY;WKST=SU"}) {
    CAPTURE(rule);
    CHECK(is_usable_rule(rule));
  }
  for (const char* rule :
       {"", ";", "FREQ=", "FREQ=FORTNIGHTLY", "INTERVAL=2", "COUNT=5", "every day", "FREQ=WEEKLY;BYDAY=XX"}) {
    CAPTURE(rule);
    CHECK_FALSE(is_usable_rule(rule));
  }
}

}  // namespace
}  // namespace calsync::calendar
